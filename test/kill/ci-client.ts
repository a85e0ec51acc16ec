import { setTimeout as sleep } from "node:timers/promises";
import { type Digest, digestOf } from "#core/artifacts/digest.ts";
import { tarOf } from "#test/tar-of.ts";
import { type Answer, exchange } from "./exchange.ts";
import type { Journal } from "./journal.ts";
import type { Random } from "./random.ts";

/** Which request is being sent, for whoever strikes in the middle of it. */
export interface Sending {
  step: "create" | "file" | "archive" | "seal" | "tag" | "read";
  /** Of which API. */
  port: number;
  sentBytes: number;
  totalBytes: number;
}

export interface CiClientOptions {
  ports: readonly number[];
  journal: Journal;
  random: Random;
  onSending: (sending: Sending) => void;
}

export interface NewRelease {
  model: string;
  version: string;
  files: Record<string, Buffer>;
  /** Everything in one call, or file by file. */
  way: "archive" | "files";
}

/** What a pipeline does: uploads a version, seals it, waits for its image and moves a tag to it. What is not
 *  acknowledged it does again; what is goes into the journal. */
export interface CiClient {
  release(release: NewRelease): Promise<void>;
  /** Resolves with the status that the version ends in. */
  ended(model: string, version: string): Promise<string>;
  moveTag(model: string, tag: string, version: string): Promise<void>;
  get(path: string): Promise<Answer>;
}

/** Far longer than any outage that a test makes. */
const patienceMs = 240_000;
const pauseMs = 150;

export function ciClient({ ports, journal, random, onSending }: CiClientOptions): CiClient {
  return {
    async release(release) {
      await createModel(release.model);
      if (release.way === "archive") await uploadArchive(release);
      else await uploadFiles(release);
    },
    async ended(model, version) {
      const end = Date.now() + patienceMs;
      for (;;) {
        const { json } = await call("GET", `/v1/models/${model}/versions/${version}`, "read");
        if (!["draft", "sealed", "building"].includes(json.status)) return json.status;
        if (Date.now() > end)
          throw new Error(`${model}:${version} is still ${json.status}: ${JSON.stringify(json.build)}`);
        await sleep(pauseMs);
      }
    },
    moveTag,
    get: (path) => call("GET", path, "read"),
  };

  async function createModel(name: string): Promise<void> {
    const made = await call("POST", "/v1/models", "create", { json: { name } });
    expectStatus(made, [201, 409], `model ${name}`);
    journal.models.add(name);
  }

  async function uploadFiles({ model, version, files }: NewRelease): Promise<void> {
    const at = `/v1/models/${model}/versions`;
    const draft = await call("POST", at, "create", { json: { version } });
    expectStatus(draft, draft.tries > 1 ? [201, 409] : [201], `draft ${model}:${version}`);
    journal.versions.add(`${model}:${version}`);
    await Promise.all(
      Object.entries(files).map(async ([path, body]) => {
        const digest = digestOf(body);
        const headers = { "content-digest": contentDigestOf(digest) };
        const put = await call("PUT", `${at}/${version}/files/${path}`, "file", { body, headers });
        expectStatus(put, put.tries > 1 ? [201, 200] : [201], `${model}:${version}/${path}`);
        journal.files.push({ version: `${model}:${version}`, path, digest });
      }),
    );
    const sealed = await call("POST", `${at}/${version}/seal`, "seal");
    expectStatus(sealed, sealed.tries > 1 ? [202, 409] : [202], `seal of ${model}:${version}`);
    journal.sealed.set(`${model}:${version}`, sealed.status === 202 ? sealed.json.contentDigest : null);
  }

  async function uploadArchive({ model, version, files }: NewRelease): Promise<void> {
    const body = await tarOf(files);
    const headers = { "content-type": "application/x-tar", "content-digest": contentDigestOf(digestOf(body)) };
    const made = await call("POST", `/v1/models/${model}/versions?version=${version}`, "archive", { body, headers });
    expectStatus(made, made.tries > 1 ? [202, 409] : [202], `archive of ${model}:${version}`);
    journal.versions.add(`${model}:${version}`);
    for (const [path, bytes] of Object.entries(files))
      journal.files.push({ version: `${model}:${version}`, path, digest: digestOf(bytes) });
    journal.sealed.set(`${model}:${version}`, made.status === 202 ? made.json.contentDigest : null);
  }

  async function moveTag(model: string, tag: string, version: string): Promise<void> {
    const at = `/v1/models/${model}/tags/${tag}`;
    for (;;) {
      const headers: Record<string, string> = {};
      if (random.below(2) === 0) {
        const read = await call("GET", at, "read");
        if (read.status === 200 && read.json.version === version) return acknowledged(read.json);
        if (read.status === 200) headers["if-match"] = String(read.headers.etag);
        else headers["if-none-match"] = "*";
      }
      const moved = await call("PUT", at, "tag", { json: { version, reason: "kill suite" }, headers });
      // Somebody was first, or this client itself in a try whose answer was lost.
      if (moved.status === 412) continue;
      expectStatus(moved, [200, 201], `tag ${model}:${tag}`);
      return acknowledged(moved.json);
    }
    function acknowledged(tagged: { revision: number; version: string }): void {
      journal.moves.push({ model, tag, revision: tagged.revision, version: tagged.version });
    }
  }

  /** Sends again what got no answer or a 503, to whichever API comes next. */
  async function call(
    method: string,
    path: string,
    step: Sending["step"],
    { json, body, headers }: { json?: unknown; body?: Buffer; headers?: Record<string, string> } = {},
  ): Promise<Answer & { tries: number }> {
    const end = Date.now() + patienceMs;
    const bytes = json === undefined ? (body ?? Buffer.alloc(0)) : Buffer.from(JSON.stringify(json));
    let lastError: unknown;
    for (let tries = 1; Date.now() < end; tries += 1) {
      const port = random.pick(ports);
      try {
        const answer = await exchange({
          port,
          method,
          path,
          headers: { ...(json === undefined ? {} : { "content-type": "application/json" }), ...headers },
          body: bytes,
          onSent: (sentBytes) => onSending({ step, port, sentBytes, totalBytes: bytes.length }),
        });
        if (answer.status < 500) return { ...answer, tries };
        if (answer.status !== 503 || answer.json?.type !== "/problems/unavailable")
          journal.wrongAnswers.push(`${method} ${path}: ${answer.status} ${answer.bytes.toString().slice(0, 500)}`);
        lastError = answer.bytes.toString();
      } catch (error) {
        lastError = error;
      }
      await sleep(pauseMs);
    }
    throw new Error(`${method} ${path} was never answered`, { cause: lastError });
  }
}

function expectStatus(answer: Answer, statuses: readonly number[], what: string): void {
  if (!statuses.includes(answer.status))
    throw new Error(`${what}: answered ${answer.status} ${answer.bytes.toString().slice(0, 1_000)}`);
}

function contentDigestOf(digest: Digest): string {
  return `sha-256=:${Buffer.from(digest.slice("sha256:".length), "hex").toString("base64")}:`;
}
