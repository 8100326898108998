// graphiql.mjs URL CHROMIUM [SCREENSHOT]: open the GraphiQL page in a headless Chromium that can reach nothing but
// URL's origin, run the first tab's query and open the documentation. Prints one JSON object:
//   title     the page's title
//   result    the text of the response pane
//   docs      the text of the documentation pane
//   foreign   addresses outside the origin that the page asked for
//   problems  console errors and uncaught exceptions, violations of the content security policy among them
import { chromium } from "playwright-core";

const [url, executablePath, screenshot] = process.argv.slice(2);
const { origin, hostname } = new URL(url);

const browser = await chromium.launch({
  executablePath,
  headless: true,
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    `--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE ${hostname}`,
  ],
});
try {
  const page = await browser.newPage({ viewport: { width: 1400, height: 850 } });
  page.setDefaultTimeout(60_000);
  const foreign = [];
  const problems = [];
  page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  page.on("pageerror", (error) => problems.push(String(error)));
  await page.route("**/*", (route) => {
    const address = route.request().url();
    if (new URL(address).origin === origin || /^(data|blob):/.test(address)) return route.continue();
    foreign.push(address);
    return route.abort();
  });

  await page.goto(url);
  await page.locator(".graphiql-query-editor .view-line", { hasText: "query Gallery" }).waitFor();
  await page.getByRole("button", { name: "Execute query" }).click();
  const response = page.locator(".graphiql-response");
  await response.locator(".view-line", { hasText: /"(data|errors)"/ }).first().waitFor();
  const result = await text(response);

  await page.getByRole("button", { name: "Show Documentation Explorer" }).click();
  const explorer = page.locator(".graphiql-doc-explorer-content");
  await explorer.getByText("Root Types").waitFor();
  const docs = await explorer.innerText();
  if (screenshot) await page.screenshot({ path: screenshot });

  console.log(JSON.stringify({ title: await page.title(), result, docs, foreign, problems }));
} finally {
  await browser.close();
}

/** The lines of an editor from top to bottom: Monaco keeps them in no order and writes spaces as U+00A0. */
async function text(editor) {
  const lines = await editor
    .locator(".view-line")
    .evaluateAll((nodes) => nodes.sort((a, b) => a.offsetTop - b.offsetTop).map((node) => node.textContent));
  return lines.join("\n").replaceAll("\u00a0", " ");
}
