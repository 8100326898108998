// graphiql.mjs URL CHROMIUM [SCREENSHOT]: open the GraphiQL page in a headless Chromium that can reach nothing but
// URL's origin, run the first tab's query and open the documentation. Prints one JSON object:
//   title     the page's title
//   result    the text of the response pane
//   docs      the text of the documentation pane
//   foreign   addresses outside the origin that the page asked for
//   problems  console errors and uncaught exceptions, violations of the content security policy among them
import { alone } from "./browser.mjs";

const [url, executablePath, screenshot] = process.argv.slice(2);

const look = async ({ page, foreign, problems }) => {
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
};
await alone(url, executablePath, look, { viewport: { width: 1400, height: 850 } });

/** The lines of an editor from top to bottom: Monaco keeps them in no order and writes spaces as U+00A0. */
async function text(editor) {
  const lines = await editor
    .locator(".view-line")
    .evaluateAll((nodes) => nodes.sort((a, b) => a.offsetTop - b.offsetTop).map((node) => node.textContent));
  return lines.join("\n").replaceAll("\u00a0", " ");
}
