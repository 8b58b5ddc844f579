import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  base: "/",
  publicDir: false,
  resolve: {
    alias: [
      { find: /^roomful\/react$/, replacement: here("../sdk/src/react/index.ts") },
      { find: /^roomful$/, replacement: here("../sdk/src/index.ts") },
      // Written against React, shipped on Preact: 8 kB instead of 69 (gzip).
      { find: /^react(-dom)?$/, replacement: here("node_modules/preact/compat/dist/compat.mjs") },
      { find: /^react-dom\/client$/, replacement: here("node_modules/preact/compat/client.mjs") },
      { find: /^react\/jsx-(dev-)?runtime$/, replacement: here("node_modules/preact/jsx-runtime/dist/jsxRuntime.mjs") },
    ],
  },
  oxc: { jsx: { runtime: "automatic", importSource: "react" } },
  build: {
    target: ["chrome100", "safari15.4", "firefox100"],
    manifest: true,
    emptyOutDir: false, // dist/.keep is what lets `go build` run before this; the build script clears the rest
    assetsInlineLimit: 0, // the content security policy has no room for data: URLs
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: [
        "src/page/create.ts",
        "src/page/ready.ts",
        "src/page/claim.ts",
        "src/page/join.ts",
        "src/page/lost.ts",
        "src/page/plain.ts",
        "src/event/main.tsx",
        "src/talk/main.tsx",
        "src/icon.svg",
      ].map(here),
    },
  },
});
