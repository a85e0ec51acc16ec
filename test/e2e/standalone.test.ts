import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { describe, expect, it } from "vitest";
import { isAlive, type ProcessIdentity } from "#standalone/process-identity.ts";
import { startSlipway } from "#test/slipway-process.ts";
import { temporaryFolder } from "#test/temporary-folder.ts";
import { waitUntil } from "#test/wait-until.ts";

/** What an instance has running, by its own ledger, which is there while anything runs. */
function processesOf(dataDir: string): (ProcessIdentity & { name: string })[] {
  const path = `${dataDir}/processes.json`;
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : [];
}

async function createModel(url: string, name: string): Promise<number> {
  const body = JSON.stringify({ name });
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${url}/v1/models`, {
    method: "POST",
    body,
    headers,
    signal: AbortSignal.timeout(60_000),
  });
  await response.body?.cancel();
  return response.status;
}

async function statusOf(url: string): Promise<number> {
  const response = await fetch(url, { signal: AbortSignal.timeout(60_000) });
  await response.body?.cancel();
  return response.status;
}

describe("npm start", () => {
  it("finds everything again after a kill -9, and ends what the killed one left running", async () => {
    const dataDir = temporaryFolder();
    const first = startSlipway(dataDir);
    const firstUrl = await first.ready;
    expect(await createModel(firstUrl, "churn")).toBe(201);
    const left = processesOf(dataDir);
    expect(left.map(({ name }) => name).sort()).toEqual(["api", "postgres", "redis", "registry", "worker"]);
    const { registry } = JSON.parse(readFileSync(`${dataDir}/ports.json`, "utf8"));

    first.signal("SIGKILL");
    await first.exited;
    expect(left.some(isAlive)).toBe(true);

    const second = startSlipway(dataDir);
    const url = await second.ready;
    expect(left.filter(isAlive)).toEqual([]);
    expect(await statusOf(`${url}/v1/models/churn`)).toBe(200);
    expect(JSON.parse(readFileSync(`${dataDir}/ports.json`, "utf8")).registry).toBe(registry);
    expect(second.lines.map(({ msg }) => msg)).toContainEqual(expect.stringMatching(/^postgres was still running/));
  });

  it("stops within 10 s of a Ctrl-C and leaves neither process nor lock", async () => {
    const dataDir = temporaryFolder();
    const slipway = startSlipway(dataDir);
    await slipway.ready;
    const running = processesOf(dataDir);
    const start = performance.now();
    slipway.signal("SIGINT");
    slipway.signal("SIGINT"); // as npm repeats it
    const { code } = await slipway.exited;
    expect(code).toBe(0);
    // Twice as long: each part has its limit, and the machine may stand still for a while.
    expect(performance.now() - start).toBeLessThan(20_000);
    expect(running.filter(isAlive)).toEqual([]);
    expect(existsSync(`${dataDir}/instance.lock`)).toBe(false);
    expect(slipway.lines.at(-1)?.msg).toBe("Slipway has stopped");
  });

  it("stops what it had begun when the Ctrl-C comes during the start", async () => {
    const dataDir = temporaryFolder();
    const slipway = startSlipway(dataDir);
    const running = await waitUntil(
      "Postgres, Redis and the registry run",
      async () => {
        const processes = processesOf(dataDir);
        return processes.length >= 3 ? processes : null;
      },
      { withinMs: 60_000 },
    );
    slipway.signal("SIGINT");
    expect((await slipway.exited).code).toBe(0);
    expect(running.filter(isAlive)).toEqual([]);
    await expect(startSlipway(dataDir).ready).resolves.toMatch(/^http:/);
  });

  it("goes on, and stops in order, when nobody reads its output any more", async () => {
    const dataDir = temporaryFolder();
    const slipway = startSlipway(dataDir);
    const url = await slipway.ready;
    const running = processesOf(dataDir);
    slipway.closeOutput();
    expect(await createModel(url, "unheard")).toBe(201);
    slipway.signal("SIGTERM");
    expect((await slipway.exited).code).toBe(0);
    expect(running.filter(isAlive)).toEqual([]);
  });

  it("starts a part again that ends by itself", async () => {
    const dataDir = temporaryFolder();
    const slipway = startSlipway(dataDir);
    const url = await slipway.ready;
    for (const name of ["redis", "postgres", "worker", "api"]) {
      const before = await waitUntil(`${name} runs`, async () =>
        processesOf(dataDir).find((entry) => entry.name === name),
      );
      process.kill(before.pid, "SIGKILL");
      await waitUntil(`${name} runs again`, async () => slipway.lines.some(({ msg }) => msg === `${name} runs again`), {
        withinMs: 60_000,
      });
    }
    await waitUntil("a model is taken", async () => (await createModel(url, "again").catch(() => 0)) === 201, {
      withinMs: 60_000,
    });
  });

  it("says that the port is taken, and which setting names another", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => other.once("listening", resolve));
    const address = other.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const dataDir = temporaryFolder();
    const { code, output } = await startSlipway(dataDir, { SLIPWAY_PORT: String(port) }).exited;
    other.close();
    expect(code).toBe(1);
    expect(output).toContain(`port ${port} on 127.0.0.1 is taken by another program: set SLIPWAY_PORT`);
    expect(existsSync(`${dataDir}/instance.lock`)).toBe(false);
  });

  it("lists all settings that are wrong at once, before anything starts", async () => {
    const dataDir = `${temporaryFolder()}/never-made`;
    const wrong = { SLIPWAY_PORT: "seventy", LOG_LEVEL: "loud", DATABASE_URL: "mysql://localhost/x" };
    const { code, output } = await startSlipway(dataDir, wrong).exited;
    expect(code).toBe(2);
    for (const name of Object.keys(wrong)) expect(output).toContain(name);
    expect(existsSync(dataDir)).toBe(false);
  });

  it("refuses a data directory that another instance has", async () => {
    const dataDir = temporaryFolder();
    const slipway = startSlipway(dataDir);
    await slipway.ready;
    const { code, output } = await startSlipway(dataDir).exited;
    expect(code).toBe(1);
    expect(output).toContain(`another Slipway (process ${slipway.pid}) is using this data directory (${dataDir})`);
  });

  it("runs beside another instance, on a data directory and a port of its own", async () => {
    const instances = [startSlipway(temporaryFolder()), startSlipway(temporaryFolder())] as const;
    const [url, otherUrl] = await Promise.all([instances[0].ready, instances[1].ready]);
    expect(await createModel(url, "here")).toBe(201);
    expect(await createModel(otherUrl, "there")).toBe(201);
    expect(await statusOf(`${url}/v1/models/there`)).toBe(404);
    expect(await statusOf(`${otherUrl}/v1/models/here`)).toBe(404);
  });
});
