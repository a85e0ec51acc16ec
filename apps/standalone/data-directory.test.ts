import { readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { expect, it } from "vitest";
import { temporaryFolder } from "#test/temporary-folder.ts";
import { whenDone } from "#test/when-done.ts";
import { keptPorts, keptSecrets, openDataDirectory } from "./data-directory.ts";

async function occupy(port: number): Promise<void> {
  const server = createServer().listen(port, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  whenDone(() => server.close());
}

it("keeps its secrets, and keeps them to itself", () => {
  const directory = openDataDirectory(`${temporaryFolder()}/data`);
  const secrets = keptSecrets(directory);
  expect(keptSecrets(directory)).toEqual(secrets);
  expect(new Set(Object.values(secrets)).size).toBe(4);
  expect(secrets.secretKey.length).toBeGreaterThanOrEqual(32);
  expect(statSync(`${directory.path}/secrets.json`).mode & 0o777).toBe(0o600);
});

it("gives a secret key to an instance that was made without one, and keeps what it had", () => {
  const directory = openDataDirectory(`${temporaryFolder()}/data`);
  const path = `${directory.path}/secrets.json`;
  const before = { postgres: "p", redis: "r", registry: "i" };
  writeFileSync(path, JSON.stringify(before), { mode: 0o600 });
  const secrets = keptSecrets(directory);
  expect(secrets).toEqual({ ...before, secretKey: expect.stringMatching(/^[\w-]{32}$/) });
  expect(JSON.parse(readFileSync(path, "utf8"))).toEqual(secrets);
  expect(keptSecrets(directory)).toEqual(secrets);
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

it("keeps its ports from start to start, and takes others for those that are lost", async () => {
  const directory = openDataDirectory(temporaryFolder());
  const first = await keptPorts(directory, { registry: true });
  expect(await keptPorts(directory, { registry: true })).toEqual(first);
  await occupy(first.redis);
  const second = await keptPorts(directory, { registry: true });
  expect(second).toMatchObject({ postgres: first.postgres, registry: first.registry });
  expect(second.redis).not.toBe(first.redis);
});

it("never gives up the registry's port, which image references hold", async () => {
  const directory = openDataDirectory(temporaryFolder());
  const { registry } = await keptPorts(directory, { registry: true });
  await occupy(registry);
  await expect(keptPorts(directory, { registry: true })).rejects.toThrow(`port ${registry} is taken`);
  await expect(keptPorts(directory, { registry: false })).resolves.toMatchObject({ registry });
});

it("says which setting names another folder when it cannot be made", () => {
  const file = `${temporaryFolder()}/file`;
  writeFileSync(file, "");
  expect(() => openDataDirectory(`${file}/data`)).toThrow(/cannot be made.*SLIPWAY_DATA_DIR/);
});
