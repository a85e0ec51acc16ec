/*
 * npm run test:kill -- [--rounds N] [--seed S]: the kill suite. Without arguments each moment comes once, by a seed of
 * today's; the seed is printed and plays the same rounds again.
 */
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { parseArgs } from "node:util";
import { root } from "../../apps/standalone/setup/run-command.mjs";
import { setUp } from "../../apps/standalone/setup/set-up.mjs";
import { shareMade } from "./share-made.mjs";

const { values } = parseArgs({ options: { rounds: { type: "string" }, seed: { type: "string" } } });
const settings = { SLIPWAY_KILL_ROUNDS: values.rounds, SLIPWAY_KILL_SEED: values.seed };
for (const [name, value] of Object.entries(settings)) {
  if (value === undefined) continue;
  if (!/^\d{1,9}$/.test(value)) throw new Error(`${name} is "${value}": give a whole number`);
  process.env[name] = value;
}
const leftOut = await setUp("test", {});
if (leftOut.includes("parts")) throw new Error("the set-up above could not bring the parts that are to be killed");
const made = await shareMade();
const { status } = spawnSync("node_modules/.bin/vitest", ["run", "--project", "kill", "--project", "kill-engine"], {
  cwd: root,
  stdio: "inherit",
});
rmSync(made, { recursive: true, force: true });
process.exitCode = status ?? 1;
