// ws.mjs URL QUERY VARIABLES COUNT: subscribe with graphql-ws over `graphql-transport-ws`; see `subscribe.mjs`.
import { createClient } from "graphql-ws";
import WebSocket from "ws";

import { run } from "./subscribe.mjs";

await run(({ url, parameters, connected }) =>
  createClient({
    url: url.replace(/^http/, "ws"),
    webSocketImpl: WebSocket,
    connectionParams: parameters,
    retryAttempts: 0,
    on: { connected },
  }),
);
