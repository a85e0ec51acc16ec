import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { commandPath } from "#standalone/setup/service-programs.mjs";
import { commandOutput, secondsOf, settle } from "../command.ts";
import type { Figure } from "../figure.ts";
import { bucketServer, startBucket } from "../peers/bucket.ts";
import { makeNew, makeRandomFile, sizeInWords } from "../random-file.ts";
import { limitRow, ratioRow } from "../rows.ts";
import { startSlipway } from "../slipway.ts";

const predictor =
  "class Predictor:\n    def __init__(self, path):\n        pass\n\n    def predict(self, instances):\n        return instances\n";

/** A folder with one large file, by `slipway push` as a command until the version is sealed, and by the SDK's upload in parts of the
 *  same file into the same bucket, in turn. Then the same folder again, of which nothing is new; a push begins with reading and
 *  hashing the folder, for which the seconds of openssl are taken. */
export const cliPush: Figure = {
  name: "cli-push",
  async measure(bench) {
    const bucket = await startBucket(bench);
    const dataDir = join(bench.folder, "cli-push");
    const folder = join(bench.folder, "cli-package");
    const file = join(folder, "model/weights.bin");
    for (const part of ["model", "src"]) mkdirSync(join(folder, part), { recursive: true });
    writeFileSync(join(folder, "src/predictor.py"), predictor);
    const slipway = await startSlipway(bench, dataDir, bucket.settings);
    /** Its image is made by nobody: that would weigh on what comes next. */
    const push = async () => {
      const args = [commandPath, "push", "large", folder, "--url", slipway.url, "--json"];
      let said = "";
      const seconds = await secondsOf(async () => {
        said = await commandOutput(process.execPath, args);
      });
      const { build } = JSON.parse(said) as { build: { id: string } };
      await slipway.client.send("POST", `/v1/builds/${build.id}/cancel`);
      return seconds;
    };
    try {
      await makeRandomFile(file, bench.fileBytes);
      const [first, again, hashed, theirs]: [number[], number[], number[], number[]] = [[], [], [], []];
      for (let run = 0; run < bench.runs; run++) {
        await makeNew(file);
        await settle();
        first.push(await push());
        await settle();
        theirs.push(await bucket.upload("by-sdk", file));
        await bucket.remove("by-sdk");
        await settle();
        again.push(await push());
        hashed.push(await secondsOf(() => commandOutput("openssl", ["dgst", "-sha256", file])));
        bench.say(
          `  push ${first.at(-1)?.toFixed(1)} s, SDK ${theirs.at(-1)?.toFixed(1)} s, again ${again.at(-1)?.toFixed(1)} s`,
        );
      }
      const size = sizeInWords(bench.fileBytes);
      const beyond = again.map((seconds, run) => seconds - (hashed[run] ?? 0));
      return [
        ratioRow(`slipway push of ${size}, until it is sealed`, {
          slipway: { unit: "s", values: first },
          other: { unit: "s", values: theirs },
          otherName: `the SDK's upload in parts to the same ${bucketServer}`,
          ratio: "other / slipway",
          goal: { atLeast: 0.9 },
        }),
        limitRow(`the same again, beyond hashing it`, { unit: "s", values: beyond }, { atMost: 1 }),
        limitRow("the same again, as a whole", { unit: "s", values: again }, null),
      ];
    } finally {
      rmSync(folder, { recursive: true, force: true });
      await slipway.stop();
      rmSync(dataDir, { recursive: true });
      await bucket.stop();
    }
  },
};
