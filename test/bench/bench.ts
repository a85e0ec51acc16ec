/*
 * npm run bench -- main|access|artifacts|images|runtimes|promotion|cli [--only <figure>,…] [--runs N] [--size <MiB>]
 *
 * Measures Slipway beside other ways to the same end, on real parts of its own, and prints a table. Give it a machine
 * that does nothing else; `main` takes about an hour and 40 GB of disk. `--size` is for trying `images` and `cli` where
 * there is no such machine: how large a large file is, 1024 without, and 4096 for `cli`.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { messageOf } from "#core/errors.ts";
import { endOrphans, openLedger } from "#standalone/ledger.ts";
import { makeRunFolder } from "#test/run-folder.ts";
import { access } from "./access.ts";
import { artifacts } from "./artifacts.ts";
import { cli } from "./cli.ts";
import type { Bench, Figure } from "./figure.ts";
import { images } from "./images.ts";
import { describeMachine } from "./machine.ts";
import { main } from "./main.ts";
import { promotion } from "./promotion.ts";
import { missingRow, type Row } from "./rows.ts";
import { runtimes } from "./runtimes.ts";
import { table } from "./table.ts";

const stopWithinMs = 15_000;

const suites: Readonly<Record<string, readonly Figure[]>> = {
  main,
  access,
  artifacts,
  images,
  runtimes,
  promotion,
  cli,
};
const usage = `usage: npm run bench -- ${Object.keys(suites).join("|")} [--only <figure>,…] [--runs N] [--size <MiB>]`;

function chosen(): { figures: readonly Figure[]; runs: number; fileBytes: number } {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      only: { type: "string" },
      runs: { type: "string", default: "3" },
      size: { type: "string" },
    },
  });
  const suite = suites[positionals[0] ?? ""];
  if (suite === undefined || positionals.length > 1) throw new Error(usage);
  const count = (option: string, text: string): number => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < 1) throw new Error(`--${option} ${text}: a whole number from 1 on`);
    return value;
  };
  const mebibytes = values.size ?? (suite === cli ? "4096" : "1024");
  const asked = { runs: count("runs", values.runs), fileBytes: count("size", mebibytes) * 1024 ** 2 };
  if (values.only === undefined) return { figures: suite, ...asked };
  const names = values.only.split(",");
  const unknown = names.find((name) => !suite.some((figure) => figure.name === name));
  if (unknown !== undefined)
    throw new Error(`there is no figure "${unknown}": ${suite.map(({ name }) => name).join(", ")}`);
  return { figures: suite.filter(({ name }) => names.includes(name)), ...asked };
}

/** A figure that cannot be measured here is a row that says why; the others are measured all the same. */
async function measureAll(figures: readonly Figure[], bench: Bench): Promise<Row[]> {
  const rows: Row[] = [];
  for (const figure of figures) {
    bench.say(`${figure.name} …`);
    try {
      rows.push(...(await figure.measure(bench)));
    } catch (error) {
      process.exitCode = 1;
      bench.say(String(error));
      rows.push(missingRow(figure.name, messageOf(error)));
    }
  }
  return rows;
}

const { figures, runs, fileBytes } = chosen();
const folder = await makeRunFolder();
const ledgerPath = join(folder, "processes.json");
const ledger = openLedger(ledgerPath);

/** Each in good order, since an instance has processes of its own. */
async function endAll(): Promise<void> {
  await endOrphans(ledgerPath, stopWithinMs);
  rmSync(folder, { recursive: true, force: true });
}

for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => void endAll().finally(() => process.exit(1)));
try {
  const rows = await measureAll(figures, {
    runs,
    fileBytes,
    folder,
    ledger,
    say: (text) => process.stderr.write(`${text}\n`),
  });
  process.stdout.write(
    `\n${await describeMachine()}; medians of ${runs}, with the least and the most\n\n${table(rows)}\n`,
  );
} finally {
  await endAll();
}
