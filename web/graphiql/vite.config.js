import { fileURLToPath } from "node:url";

import { defineConfig } from "vite";

const source = (name) => fileURLToPath(new URL(`src/${name}`, import.meta.url));

export default defineConfig({
  base: "/graphiql/", // the page itself is served at /graphql, so its assets need a path of their own
  resolve: {
    alias: {
      "monaco-editor/esm/vs/editor/edcore.main.js": source("monaco.js"),
      "prettier/parser-babel": source("prettify-json.js"),
      "prettier/plugins/estree": source("prettify-json.js"),
    },
  },
  build: {
    outDir: "dist",
    emptyOutDir: true,
    sourcemap: false,
    chunkSizeWarningLimit: 4096, // kB; Monaco is one large piece, loaded once and kept by the browser
    modulePreload: { polyfill: false }, // every browser that runs Monaco preloads modules itself
    rolldownOptions: {
      checks: { moduleLevelDirective: false }, // "use client" means nothing here
    },
  },
  worker: { format: "es" },
});
