import { defineConfig } from "vite";

export default defineConfig({
  server: {
    proxy: {
      "/api/chat": {
        target: process.env.GEMULATOR_URL ?? "http://127.0.0.1:8089",
        rewrite: () => "/v1/projects/demo/locations/global/endpoints/openapi/chat/completions",
        headers: { authorization: "Bearer emulator.dev" },
      },
    },
  },
});
