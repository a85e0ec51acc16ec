import http, { type ServerResponse } from "node:http";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openEngine } from "#core/images/engine/open-engine.ts";
import { type Proving, proveImage } from "#core/proofs/prove-image.ts";
import { smallImageBuilder } from "#test/small-image.ts";
import { temporaryFolder } from "#test/temporary-folder.ts";
import { whenDone } from "#test/when-done.ts";

type Answer = [status: number, body: unknown] | "none";
type Answers = Record<string, Answer>;

const ran = { Running: true, ExitCode: 0, OOMKilled: false, StartedAt: new Date().toISOString() };
const honest: Answers = {
  "GET /images/reg.local/churn/json": [200, { Config: {} }],
  "GET /info": [200, { NCPU: 2 }],
  "POST /containers/create": [201, { Id: "c1" }],
  "POST /containers/c1/start": [204, ""],
  "GET /containers/c1/json": [200, { State: { ...ran, Health: { Status: "starting", Log: [] } } }],
  "GET /containers/c1/logs": [200, ""],
  "GET /containers/c1/stats": [200, {}],
  "DELETE /containers/c1": [204, ""],
};

describe("an engine at fault", () => {
  it("is not waited for longer than an attempt may take before the container is there", async () => {
    const { proven } = await engineThatSays({ "POST /containers/create": "none" });
    await expect(proven).rejects.toThrow("its container could not be made within 0.5 s");
  });
});

/** Faults that no real engine can be made to have at the right moment. */
async function engineThatSays(faults: Answers) {
  const asked: string[] = [];
  const answers = { ...honest, ...faults };
  const server = http.createServer((request, response) => {
    const path = `${request.method} ${request.url?.split("?", 1)[0]}`;
    asked.push(path);
    request.resume();
    say(response, answers[path] ?? [404, { message: "no such thing" }]);
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
    credentials: null,
    example: null,
    isFetched: false,
    beforeFetch: async () => {},
    serve: null,
    name: "w1-1",
    labels: {},
    limits: { on: true, limitMs: 5_000, memoryBytes: 2 ** 28, cpus: 1, prepareMs: 500 },
  };
  const needs = { engine, builder: smallImageBuilder(), redact: (text: string) => text };
  return { engine, asked, proven: proveImage(needs, proving, new AbortController().signal) };
}

function say(response: ServerResponse, answer: Answer): void {
  if (answer === "none") return;
  const [status, body] = answer;
  response.writeHead(status, { "content-type": "application/json" });
  response.end(typeof body === "string" ? body : JSON.stringify(body));
}
