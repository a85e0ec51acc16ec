import http, { type ServerResponse } from "node:http";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openEngine } from "#core/images/engine/open-engine.ts";
import { BuildFault } from "#core/images/image-builder.ts";
import { type Proving, proveImage } from "#core/proofs/prove-image.ts";
import { reapProofs } from "#core/proofs/reap-proofs.ts";
import { runTests } from "#core/proofs/run-tests.ts";
import { smallImageBuilder } from "#test/small-image.ts";
import { temporaryFolder } from "#test/temporary-folder.ts";
import { testService } from "#test/test-service.ts";
import { whenDone } from "#test/when-done.ts";

type Answer = [status: number, body: unknown] | "none";
type Answers = Record<string, Answer>;

const limits = { on: true, limitMs: 60_000, memoryBytes: 2 ** 28, cpus: 1, prepareMs: 60_000 };
const { signal } = new AbortController();

const ran = { Running: true, ExitCode: 0, OOMKilled: false, StartedAt: new Date().toISOString() };
const inspected = (state: Partial<typeof ran>): Answer => [
  200,
  { State: { ...ran, ...state, Health: { Status: "starting", Log: [] } } },
];
const honest: Answers = {
  "GET /images/reg.local/churn/json": [200, { Config: {} }],
  "GET /info": [200, { NCPU: 2 }],
  "POST /containers/create": [201, { Id: "c1" }],
  "POST /containers/c1/start": [204, ""],
  "GET /containers/c1/json": inspected({}),
  "GET /containers/c1/logs": [200, ""],
  "GET /containers/c1/stats": [200, {}],
  "DELETE /containers/c1": [204, ""],
};

describe("an engine at fault", () => {
  it("is not waited for longer than an attempt may take before the container is there", async () => {
    const { prove } = await engineThatSays(
      { "POST /containers/create": "none" },
      { limits: { ...limits, prepareMs: 500 } },
    );
    await expect(prove()).rejects.toThrow("its container could not be made within 0.5 s");
  });

  it.each([137, 143])("is no fault of an image whose container it stopped (exit code %d)", async (ExitCode) => {
    const { prove, asked } = await engineThatSays({
      "GET /containers/c1/json": inspected({ Running: false, ExitCode }),
    });
    await expect(prove()).rejects.toThrow(`its container was stopped: it ended with exit code ${ExitCode} before`);
    expect(asked).toContain("DELETE /containers/c1");
  });

  it("is told apart from an image that ends by itself, or takes too much memory", async () => {
    const itself = await engineThatSays({ "GET /containers/c1/json": inspected({ Running: false, ExitCode: 1 }) });
    expect(await itself.prove()).toMatchObject({
      status: "failed",
      reason: "it ended with exit code 1 before it was healthy",
    });
    const greedy = inspected({ Running: false, ExitCode: 137, OOMKilled: true });
    const memory = await engineThatSays({ "GET /containers/c1/json": greedy });
    expect(await memory.prove()).toMatchObject({ status: "failed", reason: "it took more than 256 MiB of memory" });
  });

  it.each([404, 409, 500])("has lost a container that it cannot start: %d", async (status) => {
    const { prove } = await engineThatSays({
      "POST /containers/c1/start": [status, { message: "no such container" }],
    });
    await expect(prove()).rejects.toThrow(/no such container/);
  });

  it("is not at fault where it refuses what the image asks for", async () => {
    const { prove } = await engineThatSays({
      "POST /containers/c1/start": [400, { message: "/none: no such file" }],
      "GET /containers/c1/json": inspected({ Running: false, StartedAt: "0001-01-01T00:00:00Z" }),
    });
    expect(await prove()).toMatchObject({ status: "failed", reason: "it cannot be started: /none: no such file" });
  });
});

describe("what an engine cannot remove", () => {
  const stuck: Answer = [403, { message: "no" }];

  it("keeps nothing else from its removal when a proof ends", async () => {
    const { prove, asked } = await engineThatSays(
      {
        "POST /images/load": [200, ""],
        "GET /images/slipway-asker:w1-1/json": [200, {}],
        "POST /containers/c1/start": [400, { message: "no such program" }],
        "DELETE /containers/c1": stuck,
        "DELETE /images/slipway-asker:w1-1": [200, []],
      },
      { serve: { port: 9_000, health: "/alive" } },
    );
    expect(await prove()).toMatchObject({ status: "failed" });
    expect(asked).toContain("DELETE /images/slipway-asker:w1-1");
  });

  it("keeps nothing else from its removal when leftovers are swept", async () => {
    const { db } = (await testService()).registry;
    const Labels = { "dev.slipway.proof": "of another instance", "dev.slipway.proof-until": "1" };
    const { engine, asked } = await engineThatSays({
      "GET /_ping": [200, "OK"],
      "GET /containers/json": [200, ["c1", "c2"].map((Id) => ({ Id, Labels }))],
      "DELETE /containers/c1": stuck,
      "DELETE /containers/c2": [204, ""],
      "GET /images/json": [200, []],
    });
    await expect(reapProofs({ db, engine })).rejects.toThrow(AggregateError);
    expect(asked).toEqual(expect.arrayContaining(["DELETE /containers/c2", "GET /images/json"]));
  });
});

describe("tests whose pytest cannot be brought", () => {
  const secret = "of-the-index";
  const redact = (text: string) => text.replaceAll(secret, "[redacted]");

  it.each([
    ["is not to be had", () => new BuildFault("requirements_unresolvable", `no pytest ${secret}`)],
    ["the index is away for", () => new Error(`no pytest ${secret}`)],
  ])("are not run, and say so, where it %s: what the image has passed stands", async (_, fault) => {
    const { engine, asked } = await engineThatSays({});
    const builder = smallImageBuilder(() => Promise.reject(fault()));
    const running = runTests({ engine, builder, redact }, { image: "i", labels: {}, limits }, signal);
    const reason = "pytest could not be brought: no pytest [redacted]";
    expect(await running).toEqual({ status: "not_run", passed: 0, failed: 0, skipped: 0, reason, log: null });
    expect(asked).toEqual([]);
  });

  it("are run another time where the worker ends", async () => {
    const { engine } = await engineThatSays({});
    const ended = AbortSignal.abort(new Error("the worker ends"));
    const builder = smallImageBuilder(() => Promise.reject(ended.reason));
    const running = runTests({ engine, builder, redact }, { image: "i", labels: {}, limits }, ended);
    await expect(running).rejects.toThrow("the worker ends");
  });
});

/** Faults that no real engine can be made to have at the right moment. */
async function engineThatSays(faults: Answers, more: Partial<Proving> = {}) {
  const asked: string[] = [];
  const answers = { ...honest, ...faults };
  const server = http.createServer((request, response) => {
    const path = `${request.method} ${request.url?.split("?", 1)[0]}`;
    asked.push(path);
    request.resume().on("end", () => say(response, answers[path] ?? [404, { message: "no such thing" }]));
  });
  const socket = join(temporaryFolder(), "engine.sock");
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  whenDone(async () => {
    server.closeAllConnections();
    server.close();
  });
  const engine = openEngine({ host: `unix://${socket}`, certPath: null });
  const proving: Proving = {
    reference: "reg.local/churn",
    testsAsked: false,
    credentials: null,
    example: null,
    isFetched: false,
    beforeFetch: async () => {},
    serve: null,
    name: "w1-1",
    labels: {},
    limits,
    ...more,
  };
  const needs = { engine, builder: smallImageBuilder(), redact: (text: string) => text };
  return { engine, asked, prove: () => proveImage(needs, proving, signal) };
}

function say(response: ServerResponse, answer: Answer): void {
  if (answer === "none") return;
  const [status, body] = answer;
  response.writeHead(status, { "content-type": "application/json" });
  response.end(typeof body === "string" ? body : JSON.stringify(body));
}
