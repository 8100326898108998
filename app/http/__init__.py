"""The HTTP side of the API: GraphQL over HTTP, WebSocket, SSE and uploads."""
