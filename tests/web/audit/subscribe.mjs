// What ws.mjs and sse.mjs share: the command line, the clock and the printing.
//
//   node ws.mjs URL QUERY VARIABLES COUNT
//
// VARIABLES is a JSON object. PARAMETERS in the environment is a JSON object too: the connection's parameters
// (WebSocket) or the request's headers (SSE). TIMEOUT_SECONDS is how long to wait in all (20).
// On standard output: each event's result as a JSON line. On standard error: `connected`, then what went wrong.
// Exit status: 0 after COUNT events or the subscription's end, 1 on an error, 3 when the time is over.

/** Subscribe with the client that `create` makes from {url, parameters, connected}, and leave the process. */
export async function run(create) {
  const [url, query, variables = "{}", count = "1"] = process.argv.slice(2);
  const parameters = JSON.parse(process.env.PARAMETERS ?? "{}");
  const client = create({ url, parameters, connected: () => console.error("connected") });

  const seconds = Number(process.env.TIMEOUT_SECONDS ?? 20);
  setTimeout(() => {
    console.error(`no more events within ${seconds} s`);
    process.exit(3);
  }, seconds * 1000).unref();

  let left = Number(count);
  try {
    for await (const result of client.iterate({ query, variables: JSON.parse(variables) })) {
      console.log(JSON.stringify(result));
      left -= 1;
      if (left <= 0) break;
    }
  } catch (error) {
    console.error(describe(error));
    process.exitCode = 1;
  }
  await client.dispose();
}

/** An error, a list of GraphQL errors, or the WebSocket's close event, in one line. */
function describe(error) {
  if (Array.isArray(error)) return JSON.stringify(error);
  if (typeof error?.code === "number") return `closed: ${error.code} ${error.reason ?? ""}`.trim();
  return error?.message || String(error);
}
