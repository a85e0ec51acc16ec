import { rmSync } from "node:fs";
import { join } from "node:path";
import { secondsOf, settle } from "../command.ts";
import { sendDirect, verified } from "../direct-client.ts";
import type { Figure } from "../figure.ts";
import { createModel } from "../packages.ts";
import { bucketServer, startBucket } from "../peers/bucket.ts";
import { makeNew, makeRandomFile, sha256Of } from "../random-file.ts";
import { ratioRow } from "../rows.ts";
import { startSlipway } from "../slipway.ts";

const sizeBytes = 1024 ** 3;

/** One file into one bucket, past the API: by requests that it signs, and by the SDK. The file's digest, which its owner
 *  has to name, is not in the seconds; those of its parts are. */
export const artifactsDirect: Figure = {
  name: "artifacts-direct",
  async measure(bench) {
    const bucket = await startBucket(bench);
    const dataDir = join(bench.folder, "artifacts-direct");
    const path = join(bench.folder, "artifacts-direct.bin");
    const slipway = await startSlipway(bench, dataDir, bucket.settings);
    try {
      await makeRandomFile(path, sizeBytes);
      await createModel(slipway, "direct");
      const [sent, whole, theirs]: [number[], number[], number[]] = [[], [], []];
      for (let run = 0; run < bench.runs; run++) {
        const version = `/v1/models/direct/versions/1.0.${run}`;
        await slipway.client.send("POST", "/v1/models/direct/versions", { version: `1.0.${run}` });
        await makeNew(path);
        const file = { path: "weights.bin", file: path, sizeBytes, sha256: await sha256Of(path) };
        await settle();
        let upload = "";
        const transfer = await secondsOf(async () => {
          upload = await sendDirect(slipway, version, file);
        });
        sent.push(transfer);
        whole.push(transfer + (await secondsOf(() => verified(slipway, upload))));
        await settle();
        theirs.push(await bucket.upload("by-sdk", path));
        await bucket.remove("by-sdk");
      }
      const against = {
        otherName: `the SDK's upload in parts to the same ${bucketServer}`,
        other: { unit: "s", values: theirs },
        ratio: "other / slipway",
      } as const;
      return [
        ratioRow("1 GiB direct to S3, its transfer", {
          slipway: { unit: "s", values: sent },
          ...against,
          goal: { atLeast: 0.95 },
        }),
        ratioRow("1 GiB direct to S3, until it is verified", {
          slipway: { unit: "s", values: whole },
          ...against,
          goal: null,
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
