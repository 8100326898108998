// audit.mjs URL: run graphql-http's server audits and print them as one JSON list of {id, name, status, reason}.
import { serverAudits } from "graphql-http";

const [url] = process.argv.slice(2);
const results = await Promise.all(
  serverAudits({ url, fetchFn: fetch }).map(async ({ id, name, fn }) => {
    try {
      const result = await fn();
      // Warnings and errors carry the response: its body is unread or already used, the status says enough.
      const reason = result.status === "ok" ? null : `${result.reason} (HTTP ${result.response?.status})`;
      return { id, name, status: result.status, reason };
    } catch (error) {
      return { id, name, status: "error", reason: String(error) }; // an audit throws when it cannot go on
    }
  }),
);
console.log(JSON.stringify(results));
