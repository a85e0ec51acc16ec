import { rmSync } from "node:fs";
import { join } from "node:path";
import { commandOutput, secondsOf, settle } from "../command.ts";
import type { Figure } from "../figure.ts";
import { createModel, putFile } from "../packages.ts";
import { makeNew, makeRandomFile } from "../random-file.ts";
import { ratioRow } from "../rows.ts";
import { startSlipway } from "../slipway.ts";

const sizeBytes = 1024 ** 3;

/** One file into the folder of an instance and out of it, and what the same takes by hand on the same disk: a copy that
 *  is durable, and its digest. */
export const artifactsFolder: Figure = {
  name: "artifacts-folder",
  async measure(bench) {
    const dataDir = join(bench.folder, "artifacts-folder");
    const path = join(bench.folder, "artifacts-folder.bin");
    const copy = join(bench.folder, "artifacts-folder.copy");
    const slipway = await startSlipway(bench, dataDir);
    const byHand = async (from: string) => {
      await commandOutput("cp", ["--reflink=never", from, copy]);
      await commandOutput("sync", [copy]);
      await commandOutput("sha256sum", [copy]);
    };
    try {
      await makeRandomFile(path, sizeBytes);
      await createModel(slipway, "folder");
      const [into, copied, out, copiedOut]: [number[], number[], number[], number[]] = [[], [], [], []];
      for (let run = 0; run < bench.runs; run++) {
        await slipway.client.send("POST", "/v1/models/folder/versions", { version: `1.0.${run}` });
        const url = `${slipway.url}/v1/models/folder/versions/1.0.${run}/files/weights.bin`;
        await makeNew(path);
        await settle();
        into.push(await secondsOf(() => putFile(url, path)));
        await settle();
        copied.push(await secondsOf(() => byHand(path)));
        rmSync(copy);
        await settle();
        out.push(await secondsOf(() => fetchDurably(url, copy)));
        rmSync(copy);
        await settle();
        copiedOut.push(await secondsOf(() => byHand(path)));
        rmSync(copy);
      }
      const otherName = "cp + sync + sha256sum";
      return [
        ratioRow("upload of 1 GiB to the file store", {
          slipway: { unit: "s", values: into },
          otherName,
          other: { unit: "s", values: copied },
          ratio: "other / slipway",
          goal: { atLeast: 0.8 },
        }),
        ratioRow("download of 1 GiB from the file store, to disk", {
          slipway: { unit: "s", values: out },
          otherName,
          other: { unit: "s", values: copiedOut },
          ratio: "other / slipway",
          goal: { atLeast: 0.85 },
        }),
      ];
    } finally {
      for (const left of [path, copy]) rmSync(left, { force: true });
      await slipway.stop();
      rmSync(dataDir, { recursive: true });
    }
  },
};

async function fetchDurably(url: string, to: string): Promise<void> {
  await commandOutput("curl", ["--fail-with-body", "--silent", "--show-error", "--output", to, url]);
  await commandOutput("sync", [to]);
}
