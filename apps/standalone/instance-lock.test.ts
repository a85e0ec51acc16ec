import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import { temporaryFolder } from "#test/temporary-folder.ts";
import { lockDataDirectory } from "./instance-lock.ts";
import { identify } from "./process-identity.ts";

it("is held by one at a time, and names the holder", () => {
  const folder = temporaryFolder();
  const lock = lockDataDirectory(folder);
  expect(() => lockDataDirectory(folder)).toThrow(`another Slipway (process ${process.pid}) is using`);
  lock.release();
  expect(readdirSync(folder)).toEqual([]);
  lockDataDirectory(folder).release();
});

it.each([
  ["lives no more", { pid: 4_194_304, started: "boot/1" }],
  ["had the pid of a process that lives now", { pid: process.pid, started: "another boot/1" }],
])("is taken over from a holder that %s", (_, holder) => {
  const folder = temporaryFolder();
  writeFileSync(`${folder}/instance.lock`, JSON.stringify(holder));
  const lock = lockDataDirectory(folder);
  expect(readdirSync(folder)).toEqual(["instance.lock"]);
  lock.release();
});

it("is not taken from another process that lives", () => {
  const folder = temporaryFolder();
  writeFileSync(`${folder}/instance.lock`, JSON.stringify(identify(process.ppid)));
  expect(() => lockDataDirectory(folder)).toThrow(`process ${process.ppid}`);
  expect(existsSync(`${folder}/instance.lock`)).toBe(true);
});

it("says what to do about a file that is none of its own", () => {
  const folder = temporaryFolder();
  writeFileSync(`${folder}/instance.lock`, "");
  expect(() => lockDataDirectory(folder)).toThrow(/cannot be read; if no Slipway is running .* remove it/);
});
