import { readFileSync, statSync } from "node:fs";
import { expect, it } from "vitest";
import { temporaryFolder } from "#test/temporary-folder.ts";
import { openPartLogs } from "./part-logs.ts";

it("keeps the lines of one part in one file, over restarts of the part", () => {
  const folder = temporaryFolder();
  const logs = openPartLogs(folder);
  logs.open("redis")("first");
  logs.open("redis")("second");
  logs.close();
  logs.open("redis")("too late");
  expect(readFileSync(`${folder}/redis.log`, "utf8")).toBe("first\nsecond\n");
});

it("sets a full file aside and goes on in a new one", () => {
  const folder = temporaryFolder();
  const logs = openPartLogs(folder);
  const write = logs.open("api");
  const line = "x".repeat(1024 * 1024 - 1);
  for (let lines = 0; lines < 17; lines++) write(line);
  logs.close();
  expect(statSync(`${folder}/api.log.1`).size).toBe(16 * 1024 * 1024);
  expect(statSync(`${folder}/api.log`).size).toBe(1024 * 1024);
});
