import { spawn } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { expect, it } from "vitest";
import { freePort } from "#standalone/free-port.ts";
import { programPath } from "#standalone/setup/service-programs.mjs";
import { whenDone } from "#test/when-done.ts";

/** Whoever answers `/healthz` with this status; null: takes connections and says nothing. */
async function answering(status: number | null): Promise<number> {
  const server = createServer((request, response) => {
    if (status !== null) response.writeHead(request.url === "/healthz" ? status : 404).end();
  });
  whenDone(() => server.closeAllConnections());
  whenDone(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

/** As in the image, which says that it listens everywhere. */
async function health(api: number, worker: number) {
  const env = { SLIPWAY_HOST: "0.0.0.0", SLIPWAY_PORT: String(api), SLIPWAY_WORKER_PORT: String(worker) };
  const child = spawn(process.execPath, [programPath("health")], { env });
  const exited = new Promise((resolve) => child.once("exit", resolve));
  const [code, errors] = await Promise.all([exited, text(child.stderr)]);
  return { code, errors };
}

it("health of a container is well where its API or its worker says so", async () => {
  const [well, nobody] = [await answering(200), await freePort()];
  expect(await health(well, nobody)).toEqual({ code: 0, errors: "" });
  expect(await health(nobody, well)).toEqual({ code: 0, errors: "" });
});

it("health of a container is not well where one is ill, one is silent, or nobody listens", async () => {
  const [ill, silent, nobody] = [await answering(503), await answering(null), await freePort()];
  for (const [port, words] of [
    [ill, /answers 503\n$/],
    [silent, /does not answer: .*\n$/],
    [nobody, /^nobody listens at .*\n$/],
  ] as const) {
    expect(await health(port, await freePort())).toEqual({ code: 1, errors: expect.stringMatching(words) });
    expect((await health(await freePort(), port)).code).toBe(1);
  }
  expect((await health(await answering(200), ill)).code).toBe(1);
});
