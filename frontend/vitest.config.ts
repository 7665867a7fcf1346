import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import manifest from "./package.json" with { type: "json" };

export default defineConfig({
  plugins: [react()],
  resolve: {
    alias: { "@": fileURLToPath(new URL("src", import.meta.url)) },
    // The tests live outside this folder; without this their imports would not find our node_modules.
    dedupe: Object.keys({ ...manifest.dependencies, ...manifest.devDependencies }),
  },
  server: { fs: { allow: [".."] } },
  test: {
    environment: "jsdom",
    // With INTERLEAVINGS the page's fold is tried on what `make chaos` has written there.
    include: [
      process.env.INTERLEAVINGS
        ? "../tests/chaos/*.test.ts"
        : "../tests/frontend/**/*.test.{ts,tsx}",
    ],
    setupFiles: ["../tests/frontend/setup.ts"],
    restoreMocks: true,
    testTimeout: 30_000,
  },
});
