import { fileURLToPath } from "node:url";
import type { Environment } from "#core/settings.ts";
import { embeddedParts, readStandaloneConfig } from "../environment.ts";
import { startInstance } from "../instance.ts";
import { endOrphans, openLedger } from "../ledger.ts";
import { listenForSignals } from "../signals.ts";
import { terminalVoice, type Voice } from "../voice.ts";
import { runDemo } from "./demo.ts";

const model = "churn";
const modelFolder = fileURLToPath(new URL(`../../../test/models/${model}`, import.meta.url));

/** Runs the demo on an instance of its own, beside any other. Resolves with the exit code. */
export async function main(given: Environment): Promise<number> {
  const voice: Voice = terminalVoice();
  const { stop, kill } = listenForSignals(voice);
  try {
    const environment = {
      ...given,
      SLIPWAY_DATA_DIR: given["SLIPWAY_DATA_DIR"] ?? ".slipway-demo",
      SLIPWAY_PORT: "0",
      SLIPWAY_PROOF: "off", // the demo runs the image itself, and nobody waits for two
    };
    const embedded = embeddedParts(environment);
    const config = readStandaloneConfig(environment, embedded);
    const instance = await startInstance({ environment, config, embedded, voice, stop, kill });
    const ledgerPath = `${config.dataDir}/demo-processes.json`;
    await endOrphans(ledgerPath, 0);
    const ledger = openLedger(ledgerPath);
    try {
      const demo = runDemo({
        url: instance.url,
        model,
        modelFolder,
        dataDir: config.dataDir,
        ledger,
        say: voice.say,
      });
      await Promise.race([demo, rejectedBy(stop)]);
    } finally {
      ledger.killAll();
      await instance.stop();
    }
    return 0;
  } catch (error) {
    voice.fail(`\nThe demo did not come to its end: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}

function rejectedBy(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));
}
