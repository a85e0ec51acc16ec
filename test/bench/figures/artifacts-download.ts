import { rmSync } from "node:fs";
import { join } from "node:path";
import { commandOutput, secondsOf } from "../command.ts";
import type { Figure } from "../figure.ts";
import { createModel, putFile } from "../packages.ts";
import { bucketServer, startBucket } from "../peers/bucket.ts";
import { makeRandomFile } from "../random-file.ts";
import { ratioRow } from "../rows.ts";
import { startSlipway } from "../slipway.ts";

const sizeBytes = 1024 ** 3;

/** One file out of one bucket: through the API, by the request that the API signs, and by the SDK. */
export const artifactsDownload: Figure = {
  name: "artifacts-download",
  async measure(bench) {
    const bucket = await startBucket(bench);
    const dataDir = join(bench.folder, "artifacts-download");
    const path = join(bench.folder, "artifacts-download.bin");
    const slipway = await startSlipway(bench, dataDir, bucket.settings);
    try {
      await makeRandomFile(path, sizeBytes);
      await createModel(slipway, "download");
      await slipway.client.send("POST", "/v1/models/download/versions", { version: "1.0.0" });
      const url = `${slipway.url}/v1/models/download/versions/1.0.0/files/weights.bin`;
      await putFile(url, path);
      await bucket.upload("by-sdk", path);
      const [through, redirected, theirs]: [number[], number[], number[]] = [[], [], []];
      for (let run = 0; run < bench.runs; run++) {
        through.push(await secondsOf(() => getFile(url)));
        theirs.push(await bucket.download("by-sdk"));
        redirected.push(await secondsOf(() => getFile(`${url}?download=redirect`)));
      }
      const against = {
        otherName: `the SDK's GetObject from the same ${bucketServer}`,
        other: { unit: "s", values: theirs },
        ratio: "other / slipway",
      } as const;
      return [
        ratioRow("download of 1 GiB through the API from S3", {
          slipway: { unit: "s", values: through },
          ...against,
          goal: { atLeast: 0.85 },
        }),
        ratioRow("download of 1 GiB by redirect", {
          slipway: { unit: "s", values: redirected },
          ...against,
          goal: { atLeast: 0.95 },
        }),
      ];
    } finally {
      rmSync(path, { force: true });
      await slipway.stop();
      rmSync(dataDir, { recursive: true });
      await bucket.stop();
    }
  },
};

async function getFile(url: string): Promise<void> {
  const size = await commandOutput("curl", [
    ...["--fail-with-body", "--silent", "--show-error", "--location", "--output", "/dev/null"],
    ...["--write-out", "%{size_download}", url],
  ]);
  if (Number(size) !== sizeBytes) throw new Error(`${url} gave ${size} bytes`);
}
