import { readFile } from "node:fs/promises";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it } from "vitest";
import { packageFolder, slipwayCommand } from "#test/slipway-command.ts";
import { smallImageBuilder } from "#test/small-image.ts";
import { testService } from "#test/test-service.ts";
import { testWorker } from "#test/test-worker.ts";
import { whenDone } from "#test/when-done.ts";

/*
 * An engine whose containers end as this says, when it says so: no real one does it at the right moment.
 */
let mayEnd = false;
const ran = { Running: true, ExitCode: 0, OOMKilled: false, StartedAt: new Date().toISOString() };
const answers: [RegExp, () => [number, unknown]][] = [
  [/^GET \/_ping/, () => [200, "OK"]],
  [/^GET \/info/, () => [200, { NCPU: 2 }]],
  [/^GET \/images\/.*\/json/, () => [200, { Config: {} }]],
  [/^GET \/(?:images|containers)\/json/, () => [200, []]],
  [/^POST \/containers\/create/, () => [201, { Id: "c1" }]],
  [/^POST \/containers\/c1\/start/, () => [204, ""]],
  [
    /^GET \/containers\/c1\/json/,
    () => [
      200,
      { State: mayEnd ? { ...ran, Running: false, ExitCode: 1 } : { ...ran, Health: { Status: "starting", Log: [] } } },
    ],
  ],
  [/^GET \/containers\/c1\/logs/, () => [200, ""]],
  [/^DELETE /, () => [204, ""]],
];
const engine = http.createServer((request, response) => {
  const asked = `${request.method} ${request.url}`;
  request.resume().on("end", () => {
    const [status, body] = answers.find(([path]) => path.test(asked))?.[1]() ?? [404, { message: "no such thing" }];
    response.writeHead(status, { "content-type": "application/json" });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  });
});
await new Promise<void>((resolve) => engine.listen(0, "127.0.0.1", resolve));
whenDone(() => {
  engine.closeAllConnections();
  engine.close();
});

const service = await testService({
  SLIPWAY_PROOF: "on",
  DOCKER_HOST: `tcp://127.0.0.1:${(engine.address() as AddressInfo).port}`,
  SLIPWAY_RECONCILE_SECONDS: "0.2",
});
testWorker(service.registry, smallImageBuilder());
const slipway = slipwayCommand({ SLIPWAY_URL: `http://127.0.0.1:${service.port}` });

it("a push that waits for its proof ends when that does, and fails with its reason", async () => {
  const told = ["--summary", "summary.md", "--outputs", "outputs.env"];
  const pushing = slipway.start(["push", "churn", await packageFolder(), "--proof", ...told]);
  await pushing.says("proving churn:1.0.0");
  const early = await slipway.run(["show", "churn@1.0.0", "--json"]);
  expect(JSON.parse(early.out)).toMatchObject({ status: "ready", proof: { status: "pending" } });
  mayEnd = true;
  const { code, out, errors } = await pushing.ended;
  expect({ code, out }, errors).toEqual({ code: 1, out: "" });
  const reason = "churn:1.0.0 has an image, and its proof failed: it ended with exit code 1 before it was healthy";
  expect(errors).toContain(reason);
  const summary = await readFile(`${slipway.home}/summary.md`, "utf8");
  expect(summary).toContain("| proof | failed, it ended with exit code 1 before it was healthy |");
  expect(summary).toContain(`# The push of churn failed\n\n${reason}\n`);
  const outputs = await readFile(`${slipway.home}/outputs.env`, "utf8");
  expect(outputs).toMatch(/^SLIPWAY_VERSION=1\.0\.0\n[\s\S]*^SLIPWAY_PROOF=failed$/m);
});
