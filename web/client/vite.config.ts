import react from "@vitejs/plugin-react";
import { loadEnv } from "vite";
import { defineConfig } from "vitest/config";

const COMMON =
  /node_modules\/(react|react-dom|react-router|scheduler|@mantine|@tanstack|@floating-ui|@tabler|openapi-fetch)\//;

export default defineConfig(({ mode }) => {
  // `npm run dev` shows the pages as they are edited, over the API of a `skyburst serve`.
  const server = loadEnv(mode, ".", "SKYBURST_").SKYBURST_SERVER ?? "http://127.0.0.1:8765";
  const proxied = { target: server, changeOrigin: true, headers: { origin: server } };
  return {
    plugins: [react()],
    build: {
      target: "es2022",
      modulePreload: { polyfill: false },
      assetsInlineLimit: 0,
      chunkSizeWarningLimit: 900,
      // What every page has comes in one file: a page is then a few requests, not forty.
      rolldownOptions: { output: { codeSplitting: { groups: [{ name: "common", test: COMMON }] } } },
    },
    // The cookie by which a `skyburst serve` lets one in is that of 127.0.0.1, at every port of it.
    server: { host: "127.0.0.1", proxy: { "/api": proxied, "/config.json": proxied } },
    test: { environment: "node", include: ["src/**/*.test.ts"] },
  };
});
