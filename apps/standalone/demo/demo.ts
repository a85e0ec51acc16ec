import { readdir, readFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Ledger } from "../ledger.ts";
import { chooseRunner, type RunningImage, runCommand } from "./running-image.ts";
import { samePredictions } from "./same-predictions.ts";
import { type SlipwayClient, slipwayClient } from "./slipway-client.ts";

/** The fields of the API's answers that the demo shows (openapi.json has them all). */
interface Version {
  version: string;
  status: string;
  contentDigest: string;
  build: { id: string };
  image: Image | null;
}

interface Build {
  attempt: number;
  waiting: { for: string } | null;
  error: { message: string } | null;
  finishedAt: string | null;
}

interface Image {
  reference: string;
  platforms: { platform: string; sizeBytes: number; layers: { digest: string; sizeBytes: number; kind: string }[] }[];
}

interface Case {
  request: { instances: unknown[] };
  predictions: unknown[];
}

export interface DemoOptions {
  /** Of a running Slipway. */
  url: string;
  model: string;
  /** What a team uploads, and beside it cases.json: what the model answers in plain Python. */
  modelFolder: string;
  /** Of that Slipway; the demo unpacks the image there where no container engine does it. */
  dataDir: string;
  ledger: Ledger;
  say(line: string): void;
}

/** From a trained model in a folder to a right prediction from its image. Throws when anything is wrong. */
export async function runDemo(options: DemoOptions): Promise<void> {
  const { url, model, modelFolder, say } = options;
  const slipway = slipwayClient(url, (line) => say(`  ${line}`));

  say("\n1. Register the model and a version");
  const version = await nextVersion(slipway, model);
  await slipway.send("POST", `/v1/models/${model}/versions`, { version });
  const path = `/v1/models/${model}/versions/${version}`;

  say("\n2. Upload its files as they are");
  const packageFolder = join(modelFolder, "package");
  for (const file of await filesBelow(packageFolder))
    await slipway.upload(`${path}/files/${file}`, await readFile(join(packageFolder, file)));

  say("\n3. Seal it: from here its bytes never change, and its image is made");
  const sealedAt = performance.now();
  const sealed = (await slipway.send("POST", `${path}/seal`)) as Version;
  say(`  content digest ${sealed.contentDigest}`);

  say("\n4. The build");
  await Promise.race([
    slipway.follow(`/v1/builds/${sealed.build.id}/log?follow=true`, (line) => say(`  | ${timeOfDay(line)}`)),
    failsWhenStuck(slipway, sealed.build.id),
  ]);
  const built = (await slipway.send("GET", path)) as Version;
  if (built.status !== "ready" || built.image === null) throw new Error(await whyNot(slipway, built));
  say(`  ready ${((performance.now() - sealedAt) / 1000).toFixed(1)} s after the seal`);
  describeImage(built.image, say);

  say("\n5. Point prod at it");
  await slipway.send("PUT", `/v1/models/${model}/tags/prod`, { version, reason: "npm run demo" });

  say("\n6. Run the image and ask for a prediction");
  const example = await predict(built.image.reference, options);

  say("\nTo go on by hand, start this instance again and ask it:");
  say(`  SLIPWAY_DATA_DIR=${relative(process.cwd(), options.dataDir)} npm start`);
  say(`  curl http://127.0.0.1:7070/v1/models/${model}/versions/prod`);
  say(`  curl http://127.0.0.1:7070/v1/models/${model}/tags/prod/history`);
  say(`  ${runCommand(built.image.reference)}`);
  say(`  curl http://127.0.0.1:8000/predict -H 'content-type: application/json' -d '${JSON.stringify(example)}'`);
}

/** The first run makes 1.0.0; each further one the next patch, because a version is never made twice. */
async function nextVersion(slipway: SlipwayClient, model: string): Promise<string> {
  const known = (await slipway.find(`/v1/models/${model}/versions?order=desc&limit=1`)) as { items: Version[] } | null;
  if (known === null) await slipway.send("POST", "/v1/models", { name: model });
  const newest = known?.items[0];
  if (newest === undefined) return "1.0.0";
  const [major = 0, minor = 0, patch = 0] = newest.version.split(".").map(Number);
  return `${major}.${minor}.${patch + 1}`;
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && !entry.parentPath.includes("__pycache__"))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join("/"))
    .sort();
}

/** Slipway tries again for an hour when a part is away; who watches a demo has seen enough after three times. */
async function failsWhenStuck(slipway: SlipwayClient, buildId: string): Promise<void> {
  for (;;) {
    await sleep(2_000);
    const build = (await slipway.find(`/v1/builds/${buildId}`)) as Build | null;
    if (build?.waiting != null && build.attempt >= 3)
      throw new Error(`the build waits for ${build.waiting.for}: the log above says why`);
    if (build === null || build.finishedAt !== null) return new Promise(() => {}); // the log's end is what counts
  }
}

async function whyNot(slipway: SlipwayClient, version: Version): Promise<string> {
  const build = (await slipway.send("GET", `/v1/builds/${version.build.id}`)) as Build;
  return `the version is ${version.status}, not ready: ${build.error?.message ?? "see the log above"}`;
}

/** `2026-11-23T16:34:39.486Z text` → `16:34:39 text` */
function timeOfDay(line: string): string {
  return line.replace(/^\d{4}-\d\d-\d\dT(\d\d:\d\d:\d\d)\.\d+Z/, "$1");
}

function describeImage(image: Image, say: (line: string) => void): void {
  say(`\n  ${image.reference}`);
  for (const { platform, sizeBytes, layers } of image.platforms) {
    for (const layer of layers) say(`  ${layer.kind.padEnd(13)}${size(layer.sizeBytes)}  ${layer.digest}`);
    say(`  ${"in all".padEnd(13)}${size(sizeBytes)}  ${platform}`);
  }
}

function size(bytes: number): string {
  const [amount, unit] = bytes < 1e5 ? [bytes / 1e3, "kB"] : [bytes / 1e6, "MB"];
  return `${amount.toFixed(1).padStart(7)} ${unit}`;
}

/** Returns a request that a person can send as well. */
async function predict(image: string, { modelFolder, dataDir, ledger, say }: DemoOptions): Promise<Case["request"]> {
  const cases = JSON.parse(await readFile(join(modelFolder, "cases.json"), "utf8")) as [Case, ...Case[]];
  const example = cases[0].request;
  const runner = chooseRunner();
  if (runner === null) {
    say("  Neither Docker nor Podman answers here, and the kernel allows no sandbox. Elsewhere:");
    say(`  ${runCommand(image)}`);
    return example;
  }
  say(`  with ${runner.name}`);
  const running = await runner.run(image, { folder: join(dataDir, "demo-image"), ledger });
  try {
    await untilReady(running);
    for (const { request, predictions } of cases) {
      say(`  POST /predict ${JSON.stringify(request)}`);
      const answer = await post(`${running.url}/predict`, request);
      say(`  → ${JSON.stringify(answer)}`);
      if (!samePredictions((answer as { predictions?: unknown }).predictions, predictions))
        throw new Error(`the prediction is wrong: plain Python answers ${JSON.stringify(predictions)}`);
    }
  } finally {
    await running.stop();
  }
  say(`  All ${cases.length} answers are those of the model in plain Python, to 1e-6.`);
  return example;
}

async function untilReady(running: RunningImage): Promise<void> {
  for (const end = Date.now() + 60_000; Date.now() < end; await sleep(100)) {
    const answer = await fetch(`${running.url}/ready`, { signal: AbortSignal.timeout(2_000) }).catch(() => null);
    await answer?.body?.cancel();
    if (answer?.status === 200) return;
  }
  throw new Error(`the image was not ready within a minute\n${running.log()}`);
}

async function post(url: string, body: unknown): Promise<unknown> {
  const response = await fetch(url, {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "content-type": "application/json" },
    signal: AbortSignal.timeout(30_000),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`the image answered ${response.status}: ${text}`);
  return JSON.parse(text);
}
