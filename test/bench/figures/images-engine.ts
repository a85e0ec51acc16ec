import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { settle } from "../command.ts";
import type { Bench, Figure } from "../figure.ts";
import { createModel, draftLargeModel, draftWithFile, imageReference } from "../packages.ts";
import { type Engine, openEngine } from "../peers/docker-engine.ts";
import { makeNew, makeRandomFile, sizeInWords } from "../random-file.ts";
import { missingRow, type Row, ratioRow } from "../rows.ts";
import { type Slipway, sealToReady, startSlipway } from "../slipway.ts";

const pollMs = 50;
const smallBytes = 8 * 1024 ** 2;
const madeBytes = 32 * 1024 ** 2;

type Files = Readonly<Record<string, Buffer>>;

interface Parts {
  slipway: Slipway;
  engine: Engine;
  files: Files;
}

interface Sides {
  slipway: number[];
  docker: number[];
}

/** A package with an own Dockerfile: a step that makes something, as one that installs requirements does, and then the
 *  files. */
function packageOn(base: string): Files {
  const make = `open('/opt/made','wb').write(__import__('os').urandom(${madeBytes}))`;
  const dockerfile = [
    `FROM ${base}`,
    "USER 0",
    `RUN ["/usr/bin/python3", "-c", "${make}"]`,
    "COPY . /opt/package/",
    "USER 65532",
    'CMD ["/usr/bin/python3", "-m", "http.server", "8000"]',
    "",
  ].join("\n");
  const spec = "build: dockerfile\nserve: {port: 8000, health: /health}\n";
  return { "slipway.yaml": Buffer.from(spec), Dockerfile: Buffer.from(dockerfile) };
}

/** What it costs to have Slipway build a package's own Dockerfile, over the bare commands. */
export const imagesEngine: Figure = {
  name: "images-engine",
  async measure(bench) {
    const engine = await openEngine(bench);
    if ("why" in engine) return [missingRow("own Dockerfile, against docker build + push", engine.why)];
    const dataDir = join(bench.folder, "images-engine");
    const slipway = await startSlipway(bench, dataDir);
    try {
      const parts: Parts = { slipway, engine, files: await prepare(bench, slipway, engine) };
      await measureSize(bench, parts, { name: "warm-up", sizeBytes: smallBytes, runs: 1 });
      const rows: Row[] = [];
      for (const sizeBytes of new Set([smallBytes, bench.fileBytes])) {
        const name = sizeInWords(sizeBytes);
        rows.push(rowOf(name, await measureSize(bench, parts, { name, sizeBytes, runs: bench.runs })));
      }
      return rows;
    } finally {
      await engine.close();
      await slipway.stop();
      rmSync(dataDir, { recursive: true, force: true });
    }
  },
};

/** It stands on an image with Python: that of a version with next to nothing in it. */
async function prepare(bench: Bench, slipway: Slipway, engine: Engine): Promise<Files> {
  const path = join(bench.folder, "nothing.bin");
  await makeRandomFile(path, 1_024);
  await createModel(slipway, "base");
  await createModel(slipway, "own");
  await draftLargeModel(slipway, "base", "1.0.0", path);
  await sealToReady(slipway, "base", "1.0.0", pollMs);
  const base = `slipway-bench-engine:${process.pid}`;
  await engine.pull(await imageReference(slipway, "base", "1.0.0"), base);
  return packageOn(base);
}

/** Each image gets bytes of its own. All of a side go into one repository, which has the base from the first on. */
async function measureSize(
  bench: Bench,
  { slipway, engine, files }: Parts,
  { name, sizeBytes, runs }: { name: string; sizeBytes: number; runs: number },
): Promise<Sides> {
  const folder = join(bench.folder, "images-engine-context");
  mkdirSync(folder);
  for (const [path, bytes] of Object.entries(files)) writeFileSync(join(folder, path), bytes);
  const weights = join(folder, "weights.bin");
  const sides: Sides = { slipway: [], docker: [] };
  try {
    await makeRandomFile(weights, sizeBytes);
    for (let run = 0; run < runs; run++) {
      const version = `1.0.0-${sizeBytes}.${name}.${run}`.replaceAll(/[^0-9A-Za-z.-]/g, "");
      await makeNew(weights);
      await draftWithFile(slipway, "own", version, files, weights);
      await settle();
      sides.slipway.push(await sealToReady(slipway, "own", version, pollMs));
      const reference = `${slipway.registryHost}/bench/own:${version}`;
      await makeNew(weights);
      await settle();
      sides.docker.push(await engine.buildAndPush(reference, folder, "--no-cache"));
      const took = Object.entries(sides).map(([side, seconds]) => `${side} ${seconds.at(-1)?.toFixed(2)} s`);
      bench.say(`  ${name}: ${took.join(", ")}`);
    }
    return sides;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Slipway runs every step anew for each version, and so does what it is held against. */
function rowOf(name: string, { slipway, docker }: Sides): Row {
  return ratioRow(`own Dockerfile, new file of ${name}: seal → ready`, {
    slipway: { unit: "s", values: slipway },
    otherName: "docker build --no-cache + push",
    other: { unit: "s", values: docker },
    ratio: "slipway / other",
    goal: { atMost: 1.05 },
  });
}
