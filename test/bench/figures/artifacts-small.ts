import { randomBytes } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Pool } from "undici";
import { commandOutput, secondsOf, settle } from "../command.ts";
import type { Bench, Figure } from "../figure.ts";
import { createModel } from "../packages.ts";
import { startBucket } from "../peers/bucket.ts";
import { limitRow, type Row } from "../rows.ts";
import { type Slipway, startSlipway } from "../slipway.ts";

const files = 5_000;
const fileBytes = 1_024;
const connections = 16;
const predictor = `class Predictor:
    def __init__(self, model_dir):
        pass

    def predict(self, instances):
        return instances
`;

/** Thousands of small files that nobody has seen, in one archive and one by one. */
export const artifactsSmall: Figure = {
  name: "artifacts-small",
  async measure(bench) {
    const rows = await measureStore(bench, "the file store", { tar: 1_000, puts: 250 });
    const bucket = await startBucket(bench);
    try {
      return [...rows, ...(await measureStore(bench, "S3", { tar: null, puts: 250 }, bucket.settings))];
    } finally {
      await bucket.stop();
    }
  },
};

async function measureStore(
  bench: Bench,
  store: string,
  goals: { tar: number | null; puts: number },
  settings = {},
): Promise<Row[]> {
  const dataDir = join(bench.folder, "artifacts-small");
  const archive = join(bench.folder, "artifacts-small.tar");
  const slipway = await startSlipway(bench, dataDir, settings);
  try {
    await createModel(slipway, "small");
    const [tar, puts]: [number[], number[]] = [[], []];
    for (let run = 0; run < bench.runs; run++) {
      await makeArchive(bench, archive);
      await settle();
      tar.push(files / (await secondsOf(() => sendArchive(slipway, `1.${run}.0`, archive))));
      await slipway.client.send("POST", "/v1/models/small/versions", { version: `1.${run}.1` });
      await settle();
      puts.push(files / (await secondsOf(() => putEach(slipway, `1.${run}.1`))));
    }
    const goalOf = (least: number | null) => (least === null ? null : { atLeast: least });
    return [
      limitRow(`5,000 files of 1 KiB in one tar, on ${store}`, { unit: "files/s", values: tar }, goalOf(goals.tar)),
      limitRow(`the same one by one on 16 connections`, { unit: "files/s", values: puts }, goalOf(goals.puts)),
    ];
  } finally {
    rmSync(archive, { force: true });
    await slipway.stop();
    rmSync(dataDir, { recursive: true });
  }
}

async function makeArchive(bench: Bench, archive: string): Promise<void> {
  const folder = join(bench.folder, "small-files");
  mkdirSync(join(folder, "src"), { recursive: true });
  mkdirSync(join(folder, "data"));
  writeFileSync(join(folder, "src/predictor.py"), predictor);
  for (let file = 0; file < files; file++) writeFileSync(join(folder, `data/${file}.bin`), randomBytes(fileBytes));
  await commandOutput("tar", ["--create", "--file", archive, "--directory", folder, "src", "data"]);
  rmSync(folder, { recursive: true });
}

async function sendArchive({ url }: Slipway, version: string, archive: string): Promise<void> {
  await commandOutput("curl", [
    ...["--fail-with-body", "--silent", "--show-error", "--request", "POST", "--upload-file", archive],
    ...["--header", "content-type: application/x-tar", `${url}/v1/models/small/versions?version=${version}`],
  ]);
}

async function putEach({ url }: Slipway, version: string): Promise<void> {
  const pool = new Pool(url, { connections });
  const headers = { "content-type": "application/octet-stream" };
  let next = 0;
  const putSome = async () => {
    for (let file = next++; file < files; file = next++) {
      const path = `/v1/models/small/versions/${version}/files/data/${file}.bin`;
      const { statusCode, body } = await pool.request({ method: "PUT", path, headers, body: randomBytes(fileBytes) });
      const text = await body.text();
      if (statusCode !== 201) throw new Error(`${path} was answered ${statusCode}: ${text}`);
    }
  };
  try {
    await Promise.all(Array.from({ length: connections }, putSome));
  } finally {
    await pool.close();
  }
}
