import { rmSync } from "node:fs";
import { join } from "node:path";
import { secondsOf, settle } from "../command.ts";
import type { Figure } from "../figure.ts";
import { createModel, putFile } from "../packages.ts";
import { startPeer } from "../peers/start-peer.ts";
import { makeNew, makeRandomFile } from "../random-file.ts";
import { ratioRow } from "../rows.ts";
import { startSlipway } from "../slipway.ts";

const sizeBytes = 1024 ** 3;

/** The same client sends the same file to Slipway and to a server that does the least that keeps it. */
export const upload: Figure = {
  name: "upload",
  async measure(bench) {
    const dataDir = join(bench.folder, "upload");
    const slipway = await startSlipway(bench, dataDir);
    const peer = await startPeer(bench, "write-and-fsync.ts", { FOLDER: dataDir });
    const path = join(bench.folder, "upload.bin");
    try {
      await makeRandomFile(path, sizeBytes);
      await createModel(slipway, "upload");
      const [ours, theirs]: [number[], number[]] = [[], []];
      for (let run = 0; run < bench.runs; run++) {
        const version = `1.0.${run}`;
        await slipway.client.send("POST", "/v1/models/upload/versions", { version });
        await makeNew(path);
        await settle();
        const url = `${slipway.url}/v1/models/upload/versions/${version}/files/weights.bin`;
        ours.push(await secondsOf(() => putFile(url, path)));
        await settle();
        theirs.push(await secondsOf(() => putFile(`${peer.url}/weights-${run}.bin`, path)));
      }
      return [
        ratioRow("upload of 1 GiB", {
          slipway: { unit: "s", values: ours },
          otherName: "curl -T to a bare Node server that writes and fsyncs",
          other: { unit: "s", values: theirs },
          ratio: "other / slipway",
          goal: { atLeast: 0.8 },
        }),
      ];
    } finally {
      rmSync(path, { force: true });
      await peer.stop();
      await slipway.stop();
      rmSync(dataDir, { recursive: true });
    }
  },
};
