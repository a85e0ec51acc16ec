import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { Failure } from "../failure.ts";
import type { Version } from "../push/release.ts";
import { at, documentOf, type Service } from "./connect.ts";
import { unreachable } from "./problems.ts";

/** The log of a build, line by line to its end, whatever is cut off meanwhile (`Last-Event-ID`). Server-sent events (WHATWG
 *  HTML §9.2), as the service writes them: one field a line. */
export async function* followBuild(service: Service, build: string): AsyncGenerator<string> {
  const patience = service.patience();
  let lastId: string | null = null;
  for (;;) {
    let failure = new Failure("unavailable", `the log of ${build} ended before its build: ask again`);
    try {
      const answer = await service.open(`${at("builds", build)}/log`, {
        accept: "text/event-stream",
        ...(lastId === null ? {} : { "last-event-id": lastId }),
      });
      for await (const event of eventsOf(answer)) {
        patience.reset();
        if (event["event"] === "end") return;
        lastId = event["id"] ?? lastId;
        yield (JSON.parse(event["data"] ?? "{}") as { text?: string }).text ?? "";
      }
    } catch (error) {
      service.signal.throwIfAborted();
      if (error instanceof Failure && !service.mayPass(error)) throw error;
      failure = error instanceof Failure ? error : unreachable(service.url, error);
    }
    if (!(await patience.pause(failure.about.retryAfterSeconds))) throw failure;
  }
}

async function* eventsOf({ body }: Response): AsyncGenerator<Record<string, string>> {
  if (body === null) return;
  let fields: Record<string, string> = {};
  for await (const line of createInterface({
    input: Readable.fromWeb(body as never),
    crlfDelay: Number.POSITIVE_INFINITY,
  })) {
    const colon = line.indexOf(":");
    if (line === "" && Object.keys(fields).length > 0) {
      yield fields;
      fields = {};
    } else if (colon > 0) fields[line.slice(0, colon)] = line.slice(colon + 1).trimStart();
  }
}

const lastLines = 10;
/** Between the end of a build and what its version says of it. */
const momentMs = 200;

/** Until the version's image is in the registry. */
export async function waitReady(service: Service, begun: Version, say: (line: string) => void): Promise<Version> {
  let version = begun;
  let last: string[] = [];
  while ((version.status === "sealed" || version.status === "building") && version.build !== null) {
    if (version.status === "sealed" && /cancelled|failed/.test(version.build.status)) break;
    for await (const line of followBuild(service, version.build.id)) {
      say(line);
      last = [...last.slice(1 - lastLines), line];
    }
    const path = { model: version.model, version: version.version };
    version = documentOf(await service.api.GET("/v1/models/{model}/versions/{version}", { params: { path } }));
    if (version.status !== "ready") await sleep(momentMs, undefined, { signal: service.signal });
  }
  if (version.status !== "ready") throw await failureOfBuild(service, version, last);
  return version;
}

async function failureOfBuild({ api }: Service, version: Version, last: string[]): Promise<Failure> {
  const name = `${version.model}:${version.version}`;
  if (version.build === null) return new Failure("failed", `${name} is ${version.status}, and has no build`);
  const build = documentOf(await api.GET("/v1/builds/{id}", { params: { path: { id: version.build.id } } }));
  const faults = last.map((message) => ({ where: "log", message }));
  const { error } = build;
  if (error === null)
    return new Failure("failed", `${name} is ${version.status}: its build ${build.id} was ${build.status}`, { faults });
  return new Failure("failed", `${name} could not be built: ${error.message}`, { code: error.code, faults });
}
