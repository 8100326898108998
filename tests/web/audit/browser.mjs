// A headless Chromium that can reach nothing but one origin.
import { chromium } from "playwright-core";

const ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"];

/**
 * Run `work({ page, foreign, problems })` in a browser that reaches the origin of `url` alone. `foreign` are addresses
 * elsewhere that the page asked for; `problems` its console's errors, uncaught exceptions, and violations of the content
 * security policy. `options` are the page's.
 */
export async function alone(url, executablePath, work, options = {}) {
  const { origin, hostname } = new URL(url);
  const args = [...ARGUMENTS, "--disable-sync", `--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE ${hostname}`];
  const browser = await chromium.launch({ executablePath, headless: true, args });
  try {
    const page = await browser.newPage(options);
    page.setDefaultTimeout(60_000);
    const [foreign, problems] = [[], []];
    page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
    page.on("pageerror", (error) => problems.push(String(error)));
    await page.route("**/*", (route) => {
      const address = route.request().url();
      if (new URL(address).origin === origin || /^(data|blob):/.test(address)) return route.continue();
      foreign.push(address);
      return route.abort();
    });
    await work({ page, foreign, problems });
  } finally {
    await browser.close();
  }
}
