import { defineConfig } from "vitest/config";

const parts = "test/support/parts.ts";

/** The tools that the set-up brought come first. */
const env = { PATH: `${import.meta.dirname}/.slipway-tools/uv/bin:${process.env["PATH"]}` };

export default defineConfig({
  test: {
    projects: [
      { test: { name: "unit", include: ["apps/**/*.test.ts"] } },
      {
        test: {
          name: "contracts",
          include: ["test/contracts/**/*.test.ts"],
          env,
          globalSetup: [parts],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: "integration",
          include: ["test/integration/**/*.test.ts"],
          env,
          globalSetup: [parts],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        // Whole processes, engines and kills: one file after the other.
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          env,
          globalSetup: [parts, "test/support/engine.ts"],
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
