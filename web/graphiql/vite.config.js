import { fileURLToPath } from "node:url";

import { defineConfig } from "vite";

const source = (name) => fileURLToPath(new URL(`src/${name}`, import.meta.url));

/** Replace modules that are imported by a path that ends in a key. What GraphiQL never uses becomes a stub from `src/stubs`. */
function replace(modules) {
  return {
    name: "replace",
    enforce: "pre",
    resolveId(id) {
      const end = Object.keys(modules).find((key) => id.endsWith(key));
      return end && source(modules[end]);
    },
  };
}

export default defineConfig({
  base: "/graphiql/", // the page itself is served at /graphql, so its assets need a path of their own
  plugins: [
    replace({
      "/vs/editor/edcore.main.js": "monaco.js",
      "/diffEditor/diffEditorWidget.js": "stubs/diff-editor.js",
      "/multiDiffEditor/multiDiffEditorWidget.js": "stubs/diff-editor.js",
      "/quickInput/standaloneQuickInputService.js": "stubs/quick-input.js",
      "prettier/parser-babel": "prettify-json.js",
      "prettier/plugins/estree": "prettify-json.js",
    }),
  ],
  resolve: { alias: { "prettier/parser-graphql": "prettier/plugins/graphql" } }, // two names of one module
  build: {
    outDir: "dist",
    emptyOutDir: true,
    sourcemap: false,
    license: { fileName: "licenses.md" }, // of what is bundled
    chunkSizeWarningLimit: 4096, // kB; Monaco is one large piece, loaded once and kept by the browser
    modulePreload: { polyfill: false }, // every browser that runs Monaco preloads modules itself
    rolldownOptions: {
      checks: { moduleLevelDirective: false }, // "use client" means nothing here
    },
  },
  worker: {
    format: "es",
    plugins: () => [replace({ "prettier/standalone": "stubs/prettier.js", "prettier/plugins/graphql": "stubs/prettier.js" })],
  },
});
