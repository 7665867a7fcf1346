import { join } from "node:path";
import manifest from "../../../frontend/package.json" with { type: "json" };

/** The plain react-markdown page that stands beside ours; run in frontend/. */
export default {
  // It lives outside that folder; without this its imports would not find our node_modules.
  resolve: { dedupe: Object.keys(manifest.dependencies) },
  publicDir: false,
  build: {
    target: "es2022",
    outDir: join(import.meta.dirname, "../.results/plain"),
    emptyOutDir: true,
    rollupOptions: {
      input: join(import.meta.dirname, "plain.tsx"),
      output: { entryFileNames: "page.js", codeSplitting: false },
    },
  },
};
