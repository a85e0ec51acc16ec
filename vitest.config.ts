import { defineConfig } from "vitest/config";
import { LongFilesFirst } from "./test/support/long-files-first.ts";

const parts = "test/support/parts.ts";
/** What a test starts as a process is the code as it stands. */
const programs = "test/support/service-programs.ts";
const s3 = "test/support/s3-servers.ts";
const runFolder = "test/kill/run-folder.ts";
const killedEngine = "test/kill/engine.test.ts";
const byTime = "test/integration/no-oracle-by-time.test.ts";

const env = {
  // The tools that the set-up brought come first.
  PATH: `${import.meta.dirname}/.slipway-tools/uv/bin:${process.env["PATH"]}`,
  AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true",
};

/** A machine that others use too stands still for seconds now and then; what never comes fails all the same. */
const patience = { testTimeout: 120_000, hookTimeout: 120_000, expect: { poll: { timeout: 45_000 } } };

/** Files of a worker share what they import, which takes longer than most of them; none changes what the others see. They
 *  wait more than they work. */
const shared = { isolate: false, maxWorkers: 4 };

/** What counts is what is left when a file has ended. */
const oneByOne = {
  fileParallelism: false,
  testTimeout: 300_000,
  hookTimeout: 300_000,
  expect: { poll: { timeout: 45_000 } },
};

export default defineConfig({
  test: {
    sequence: { sequencer: LongFilesFirst },
    projects: [
      { test: { name: "unit", include: ["apps/**/*.test.ts"], isolate: false, ...patience } },
      {
        test: {
          name: "contracts",
          include: ["test/contracts/**/*.test.ts"],
          env,
          ...shared,
          globalSetup: [parts, s3],
          ...patience,
        },
      },
      {
        test: {
          name: "integration",
          include: ["test/integration/**/*.test.ts"],
          exclude: [byTime],
          env,
          ...shared,
          globalSetup: [parts, s3, programs],
          ...patience,
        },
      },
      {
        // What answers tell by the time that they take: alone on the machine.
        test: {
          name: "timing",
          include: [byTime],
          env,
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
          globalSetup: [parts, s3, programs],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        // What touches the store, once more with the bytes in a bucket.
        test: {
          name: "integration-s3",
          include: [
            "files",
            "stored-once",
            "package",
            "reading",
            "limits",
            "quotas",
            "upload-holds",
            "verify-artifacts",
            "backup",
            "versions",
            "seal",
            "verifying",
            "resumable",
            "garbage",
            "garbage-under-load",
            "deletion",
            "expiry",
          ].map((name) => `test/integration/${name}.test.ts`),
          env: { ...env, TEST_STORE: "versitygw" },
          ...shared,
          globalSetup: [parts, s3, programs],
          ...patience,
        },
      },
      {
        // What no well-meaning client sends; some of it takes as long as the service waits.
        test: {
          name: "hostile",
          include: ["test/hostile/**/*.test.ts"],
          env,
          ...shared,
          maxWorkers: 2, // what floods the service leaves little to others
          globalSetup: [parts, s3, programs],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        // Everything that is killed is a process of its own, and what counts is what is left.
        test: {
          name: "kill",
          include: ["test/kill/**/*.test.ts"],
          exclude: [killedEngine],
          env,
          globalSetup: [programs, s3, runFolder],
          ...oneByOne,
        },
      },
      {
        // The one Docker Engine that a machine has: nothing else may use it meanwhile.
        test: {
          name: "kill-engine",
          include: [killedEngine],
          env,
          globalSetup: [programs, s3, runFolder],
          ...oneByOne,
        },
      },
      {
        // Whole processes.
        test: {
          name: "e2e",
          include: ["test/e2e/*.test.ts"],
          env,
          globalSetup: [parts, s3, programs],
          ...oneByOne,
        },
      },
      {
        // What a Docker Engine builds and runs.
        test: {
          name: "engine",
          include: ["test/e2e/engine/*.test.ts"],
          env,
          globalSetup: [parts, s3, programs, "test/support/engine.ts"],
          ...oneByOne,
        },
      },
      {
        // What installs frameworks of gigabytes.
        test: { name: "slow", include: ["test/slow/**/*.test.ts"], env, globalSetup: [parts], ...oneByOne },
      },
    ],
  },
});
