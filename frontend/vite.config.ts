import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

const backend = process.env.BACKEND_URL ?? "http://127.0.0.1:8000";
// The Host header stays the page's: the server compares it with the Origin.
const kept = { target: backend, changeOrigin: false };
const proxied = ["/api", "/_allauth", "/admin", "/static", "/healthz", "/readyz"];

/** Writes a .gz beside every built asset, so that the web server need not compress on each request. */
function gzipCopies(): Plugin {
  return {
    name: "gzip-copies",
    apply: "build",
    writeBundle({ dir }) {
      if (!dir) return;
      const assets = join(dir, "assets");
      for (const name of readdirSync(assets).filter((file) => /\.(js|css|svg)$/.test(file)))
        writeFileSync(
          join(assets, `${name}.gz`),
          gzipSync(readFileSync(join(assets, name)), { level: 9 }),
        );
    },
  };
}

export default defineConfig({
  // Built once for any path: assets find each other, and the server writes where they are into the page.
  base: "./",
  plugins: [react(), tailwindcss(), gzipCopies()],
  resolve: { alias: { "@": fileURLToPath(new URL("src", import.meta.url)) } },
  server: {
    proxy: {
      ...Object.fromEntries(proxied.map((path) => [`^${path}(/|$)`, kept])),
      "^/ws/": { ...kept, ws: true },
    },
  },
  build: {
    target: "es2022",
    // A data: URL would need an exception in the content security policy.
    assetsInlineLimit: 0,
    // In kB before compression. What counts is the wire, and tests/e2e/weight.spec.ts holds that.
    chunkSizeWarningLimit: 800,
  },
});
