import { rmSync } from "node:fs";
import { join } from "node:path";
import { secondsOf, settle } from "../command.ts";
import type { Figure } from "../figure.ts";
import { createModel, putFile } from "../packages.ts";
import { bucketServer, startBucket } from "../peers/bucket.ts";
import { makeNew, makeRandomFile } from "../random-file.ts";
import { ratioRow } from "../rows.ts";
import { startSlipway } from "../slipway.ts";

const sizeBytes = 1024 ** 3;

/** One file into one bucket: by a PUT to the API, and by the SDK. */
export const artifactsUpload: Figure = {
  name: "artifacts-upload",
  async measure(bench) {
    const bucket = await startBucket(bench);
    const dataDir = join(bench.folder, "artifacts-upload");
    const path = join(bench.folder, "artifacts-upload.bin");
    const slipway = await startSlipway(bench, dataDir, bucket.settings);
    try {
      await makeRandomFile(path, sizeBytes);
      await createModel(slipway, "upload");
      const [ours, theirs]: [number[], number[]] = [[], []];
      for (let run = 0; run < bench.runs; run++) {
        const version = `/v1/models/upload/versions/1.0.${run}`;
        await slipway.client.send("POST", "/v1/models/upload/versions", { version: `1.0.${run}` });
        await makeNew(path);
        await settle();
        ours.push(await secondsOf(() => putFile(`${slipway.url}${version}/files/weights.bin`, path)));
        await settle();
        theirs.push(await bucket.upload("by-sdk", path));
        await bucket.remove("by-sdk");
      }
      return [
        ratioRow("upload of 1 GiB through the API to S3", {
          slipway: { unit: "s", values: ours },
          otherName: `the SDK's upload in parts to the same ${bucketServer}`,
          other: { unit: "s", values: theirs },
          ratio: "other / slipway",
          goal: { atLeast: 0.85 },
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
