import { defineConfig } from "vite";

export default defineConfig({
  base: "/graphiql/", // the page itself is served at /graphql, so its assets need a path of their own
  build: {
    outDir: "dist",
    emptyOutDir: true,
    sourcemap: false,
    chunkSizeWarningLimit: 4096, // kB; Monaco is one large piece, loaded once and kept by the browser
    modulePreload: { polyfill: false }, // every browser that runs Monaco preloads modules itself
  },
  worker: { format: "es" },
});
