import { commandPath } from "#standalone/setup/service-programs.mjs";
import { commandOutput, secondsOf } from "../command.ts";
import type { Figure } from "../figure.ts";
import { ratioRow } from "../rows.ts";

const startsPerRun = 10;

/** `slipway --help` as a command, beside Node that does nothing. */
export const cliStart: Figure = {
  name: "cli-start",
  async measure({ runs }) {
    const [own, bare]: [number[], number[]] = [[], []];
    const milliseconds = async (args: string[]) =>
      1_000 * (await secondsOf(() => commandOutput(process.execPath, args)));
    for (let start = 0; start < runs * startsPerRun; start++) {
      own.push(await milliseconds([commandPath, "--help"]));
      bare.push(await milliseconds(["--eval", "0"]));
    }
    const help = {
      slipway: { unit: "ms", values: own },
      other: { unit: "ms", values: bare },
      otherName: "node --eval 0",
      ratio: "slipway / other",
      goal: null,
    } as const;
    return [ratioRow("slipway --help", help)];
  },
};
