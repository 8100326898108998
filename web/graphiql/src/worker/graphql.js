import "monaco-graphql/esm/graphql.worker.js";

export const graphql = globalThis.onmessage;
