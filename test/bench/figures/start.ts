import { rmSync } from "node:fs";
import { join } from "node:path";
import { secondsOf } from "../command.ts";
import type { Figure } from "../figure.ts";
import { limitRow } from "../rows.ts";
import { startSlipway } from "../slipway.ts";

/** `npm start` until it says that it is ready, in a data directory that was used before. */
export const start: Figure = {
  name: "start",
  async measure(bench) {
    const dataDir = join(bench.folder, "start");
    const startAndStop = async (): Promise<number> => {
      let stop = async (): Promise<void> => {};
      const seconds = await secondsOf(async () => {
        ({ stop } = await startSlipway(bench, dataDir));
      });
      await stop();
      return seconds;
    };
    await startAndStop();
    const seconds: number[] = [];
    for (let run = 0; run < bench.runs; run++) seconds.push(await startAndStop());
    rmSync(dataDir, { recursive: true });
    return [limitRow("npm start → ready, the second time", { unit: "s", values: seconds }, { atMost: 4 })];
  },
};
