// sse.mjs URL QUERY VARIABLES COUNT: subscribe with graphql-sse, one connection a subscription; see `subscribe.mjs`.
import { createClient } from "graphql-sse";

import { run } from "./subscribe.mjs";

await run(({ url, parameters, connected }) =>
  createClient({
    url,
    headers: parameters,
    singleConnection: false,
    retryAttempts: 0,
    on: { connected },
  }),
);
