"""The npm packages that define GraphQL over HTTP, WebSocket and SSE, and a real browser, run against the API."""
