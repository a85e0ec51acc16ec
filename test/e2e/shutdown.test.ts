import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { answersIn, type RawClient, rawClient } from "#test/raw-client.ts";
import { sealed } from "#test/sealed.ts";
import { apiProcess } from "#test/service-processes.ts";
import { startSlipway } from "#test/slipway-process.ts";
import { temporaryFolder } from "#test/temporary-folder.ts";
import { draftOf, type TestService, testService } from "#test/test-service.ts";
import { waitUntil } from "#test/wait-until.ts";

const service = await testService();
const host = "host: localhost\r\n";
const get = (path: string) => `GET ${path} HTTP/1.1\r\n${host}\r\n`;
const post = (path: string) => `POST ${path} HTTP/1.1\r\n${host}content-length: 0\r\n\r\n`;
const putHead = (path: string, bytes: number) => `PUT ${path} HTTP/1.1\r\n${host}content-length: ${bytes}\r\n\r\n`;
const countOf = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));

/** Sends a hundred bytes every tenth of a second until an answer has come. */
async function trickle(client: RawClient, path: string): Promise<void> {
  let answered = false;
  client.socket.once("data", () => {
    answered = true;
  });
  client.send(putHead(path, 1_000_000));
  while (!answered && client.send("x".repeat(100))) await sleep(100);
}

/** The first half of an upload that the service has taken up. */
async function halfUpload(client: RawClient, path: string, bytes: number): Promise<void> {
  client.send(putHead(path, bytes).replace("\r\n\r\n", "\r\nexpect: 100-continue\r\n\r\n"));
  await client.heard(/^HTTP\/1\.1 100 Continue\r\n\r\n/);
  client.send("x".repeat(bytes / 2));
}

/** Resolves when the service has read all that these clients have sent so far: it has answered who came after them. */
async function arrived(port: number, clients: readonly RawClient[]): Promise<void> {
  await waitUntil("all is sent", async () =>
    clients.every(({ socket }) => !socket.connecting && socket.writableLength === 0),
  );
  const last = rawClient(port);
  last.send(get("/healthz"));
  await last.heard(/"status":"ok"/);
  last.socket.destroy();
}

const fileOf = (version: string, name: string) => `/v1/models/ending/versions/${version}/files/${name}`;

/** One upload that ends in time, by the text of its only answer. */
function answerOf({ text, ended }: { text: string; ended: string }) {
  const [answer, ...more] = answersIn(text.replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, ""));
  return { status: answer?.status, whole: answer?.whole, more: more.length, ended };
}

/** The statuses on a connection that ended in order, its answers whole. */
async function wholeAnswers(client: RawClient): Promise<number[]> {
  const { text, ended } = await client.ended;
  const answers = answersIn(text);
  if (ended !== "end" || !answers.every(({ whole }) => whole)) throw new Error(`${ended}, after: ${text.slice(-500)}`);
  return answers.map(({ status }) => status);
}

const wideBytes = 13_500_000;

async function drafts({ call }: TestService): Promise<void> {
  await draftOf(service, "ending", "1.0.0");
  for (const index of countOf(10, (i) => i))
    await draftOf(service, "ending", `2.0.${index}`, { "src/predictor.py": "class Predictor: ..." });
  expect((await call("POST", "/v1/models", { json: { name: "wide" } })).status).toBe(201);
  for (let minor = 0; minor < wideBytes / 900_000; minor += 1) {
    const json = { version: `1.${minor}.0`, metadata: { wide: "x".repeat(900_000) } };
    expect((await call("POST", "/v1/models/wide/versions", { json })).status).toBe(201);
  }
}

describe("an API that is told to end", () => {
  it("gives whole answers to all it has accepted, refuses the rest in order, and ends well in its time", async () => {
    await drafts(service);
    const { buildId } = await sealed(service, "followed", "1.0.0"); // no worker runs: its log goes on
    const { process: api, port } = await apiProcess(service);
    const open = (count: number) => countOf(count, () => rawClient(port));

    const uploads = open(10);
    const endless = open(10);
    endless.forEach((client, i) => void trickle(client, fileOf("1.0.0", `endless-${i}.bin`)));
    const followers = open(10);
    for (const client of followers) client.send(get(`/v1/builds/${buildId}/log?follow=true`));
    const kept = open(15);
    const seals = open(10);
    for (const client of [...kept, ...seals]) client.send(get("/healthz"));
    await Promise.all([...kept, ...seals].map((client) => client.heard(/"status":"ok"/)));
    // The last of its bytes come when it has been told to try again.
    const tooLate = rawClient(port);
    tooLate.send(`${putHead(fileOf("1.0.0", "too-late.bin"), 10)}12345`);
    // More than the sockets hold: what is left of the answer stands in the server's memory at the signal.
    const slowReader = rawClient(port);
    const begun = once(slowReader.socket, "data").then(() => slowReader.socket.pause());
    slowReader.send(get("/v1/models/wide/versions"));
    await begun;
    await Promise.all(uploads.map((client, i) => halfUpload(client, fileOf("1.0.0", `slow-${i}.bin`), 2_000)));
    await arrived(port, [...endless, ...followers, tooLate]);

    // These are on their way when it is told.
    seals.forEach((client, i) => void client.send(post(`/v1/models/ending/versions/2.0.${i}/seal`)));
    const late = kept.slice(0, 5);
    for (const client of late) client.send(get("/v1/models/ending"));
    const signalledAt = Date.now();
    process.kill(api.pid, "SIGTERM");
    await api.line(/"ending in order"/, 30_000);
    for (const client of uploads) client.send("x".repeat(1_000));
    slowReader.socket.resume();
    const newcomers = open(10);
    for (const client of newcomers) client.send(get("/v1/models/ending"));
    await tooLate.heard(/\r\n\r\n/);
    tooLate.send("67890");

    const ended = (clients: readonly RawClient[]) =>
      Promise.all(clients.map(async (client) => answerOf(await client.ended)));
    const wellEnded = { whole: true, more: 0, ended: "end" };
    expect(await ended(uploads)).toEqual(countOf(10, () => ({ status: 201, ...wellEnded })));
    for (const client of seals) {
      const [, answer, ...more] = await wholeAnswers(client);
      expect([[202, 503].includes(answer ?? 0), more]).toEqual([true, []]); // 503 where it came after the signal
    }
    expect(await ended(followers)).toEqual(countOf(10, () => ({ status: 200, ...wellEnded })));
    expect(await ended(kept.slice(5))).toEqual(countOf(10, () => ({ status: 200, ...wellEnded })));
    for (const client of endless) {
      const { text } = await client.ended; // it goes on sending, so its connection is cut once it has its answer
      expect(answersIn(text)).toMatchObject([{ status: 503, whole: true }]);
      expect(text).toContain("/problems/unavailable");
    }
    expect(answersIn((await tooLate.ended).text)).toMatchObject([{ status: 503, whole: true }]);
    for (const client of late) {
      const [first, second, ...more] = await wholeAnswers(client);
      expect([first, [200, 503].includes(second ?? 0), more]).toEqual([200, true, []]); // 503 where it came after the signal
    }
    for (const client of newcomers) {
      const { text, ended: how } = await client.ended;
      const answer = answersIn(text)[0];
      expect(answer === undefined ? how : answer.status).toEqual(
        answer === undefined ? expect.stringMatching(/refused|reset/) : 503,
      );
    }
    const read = await slowReader.ended;
    expect(read.text.length).toBeGreaterThan(wideBytes);
    expect(answersIn(read.text)).toMatchObject([{ status: 200, whole: true }]);

    expect(await api.exited).toEqual({ code: 0, signal: null });
    expect(Date.now() - signalledAt).toBeLessThan(20_000); // 6 s, and as long as the machine stands still
    // What was acknowledged is there, and what was not is not.
    const { json } = await service.call("GET", "/v1/models/ending/versions/1.0.0/files?limit=100");
    expect(json.items.map(({ path }: { path: string }) => path).sort()).toEqual(countOf(10, (i) => `slow-${i}.bin`));
  });

  it("ends at once where only silent connections are left", async () => {
    const { process: api, port } = await apiProcess(service);
    const silent = countOf(5, () => rawClient(port));
    for (const client of silent) client.send(get("/healthz"));
    await Promise.all(silent.map((client) => client.heard(/"status":"ok"/)));
    const signalledAt = Date.now();
    process.kill(api.pid, "SIGTERM");
    for (const client of silent) expect((await client.ended).ended).toBe("end");
    expect(await api.exited).toEqual({ code: 0, signal: null });
    expect(Date.now() - signalledAt).toBeLessThan(5_000); // who is waited for has 5.2 s
  });
});

describe("npm start that is told to end", () => {
  it("answers uploads and followers, and is gone within 10 s", async () => {
    const slipway = startSlipway(temporaryFolder());
    const url = await slipway.ready;
    const port = Number(new URL(url).port);
    const json = { "content-type": "application/json" };
    const make = async (path: string, body: unknown) => {
      const answer = await fetch(`${url}${path}`, { method: "POST", headers: json, body: JSON.stringify(body) });
      await answer.body?.cancel();
      return answer.status;
    };
    expect(await make("/v1/models", { name: "ending" })).toBe(201);
    expect(await make("/v1/models/ending/versions", { version: "1.0.0" })).toBe(201);
    const uploads = countOf(5, () => rawClient(port));
    await Promise.all(uploads.map((client, i) => halfUpload(client, fileOf("1.0.0", `slow-${i}.bin`), 1_500)));
    const endless = countOf(5, () => rawClient(port));
    endless.forEach((client, i) => void trickle(client, fileOf("1.0.0", `endless-${i}.bin`)));
    await arrived(port, endless);
    const signalledAt = Date.now();
    slipway.signal("SIGTERM");
    await waitUntil("it stops", async () => slipway.lines.some(({ msg }) => msg.startsWith("stopping")));
    for (const client of uploads) client.send("x".repeat(750));
    for (const client of uploads)
      expect(answerOf(await client.ended)).toMatchObject({ status: 201, whole: true, more: 0 });
    for (const client of endless)
      expect(answersIn((await client.ended).text)).toMatchObject([{ status: 503, whole: true }]);
    expect((await slipway.exited).code).toBe(0);
    expect(Date.now() - signalledAt).toBeLessThan(20_000); // 10 s, and as long as the machine stands still
  });
});
