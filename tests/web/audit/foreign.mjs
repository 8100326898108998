// foreign.mjs PAGE API CHROMIUM: open PAGE in a headless Chromium, and from it, a page of another origin than API's, ask
// API in each way that an app would. Prints one JSON object: for each way what came back, or the browser's refusal:
//   get, post    the data of a query
//   header       the X-Request-Id of the answer to the post, which a page sees only if it may
//   socket       "open", or the code that the socket was closed with
import { chromium } from "playwright-core";

const [page_, api, executablePath] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath, headless: true, args: ["--no-sandbox", "--disable-gpu"] });
try {
  const page = await browser.newPage();
  await page.goto(page_);
  const seen = await page.evaluate(async (api) => {
    const told = (asking) => asking.then((found) => found, (error) => String(error));
    const query = "{ __typename }";
    const get = await told(fetch(`${api}?query=${encodeURIComponent(query)}`).then((answer) => answer.json()));
    const post = await told(
      fetch(api, {
        method: "POST",
        headers: { "Content-Type": "application/json", "Edge-As-Of": "0-0" },
        body: JSON.stringify({ query: "{ viewer { id } }" }),
      }).then(async (answer) => ({ body: await answer.json(), header: answer.headers.get("X-Request-Id") })),
    );
    const socket = await new Promise((done) => {
      const opening = new WebSocket(api.replace("http", "ws"), "graphql-transport-ws");
      opening.onopen = () => done("open");
      opening.onclose = (event) => done(event.code);
    });
    return { get, post, socket };
  }, api);
  console.log(JSON.stringify(seen));
} finally {
  await browser.close();
}
