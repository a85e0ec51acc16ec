import { ConfigError, type Environment } from "#core/settings.ts";
import { embeddedParts, readStandaloneConfig } from "./environment.ts";
import { startInstance } from "./instance.ts";
import { interrupted, listenForSignals } from "./signals.ts";
import { jsonVoice, terminalVoice, type Voice } from "./voice.ts";

/** Runs Slipway until a signal ends it. Resolves with the exit code. */
export async function main(environment: Environment): Promise<number> {
  const person = process.stdout.isTTY === true;
  process.stdout.on("error", ignoreClosedOutput);
  const embedded = embeddedParts(environment);
  let voice: Voice = person ? terminalVoice() : jsonVoice("info");
  try {
    const config = readStandaloneConfig(environment, embedded);
    if (!person) voice = jsonVoice(config.logLevel);
    const { stop, kill, stopped } = listenForSignals(voice);
    const instance = await startInstance({ environment, config, embedded, voice, stop, kill });
    await stopped;
    await instance.stop();
  } catch (error) {
    if (error !== interrupted) {
      const sentence = error instanceof Error ? error.message : String(error);
      voice.fail(error instanceof ConfigError ? sentence : `Slipway cannot start: ${sentence}`);
      return error instanceof ConfigError ? 2 : 1;
    }
  }
  voice.say("Slipway has stopped");
  return 0;
}

/** Whoever read it is gone (a closed terminal, a pager); the logs on disk go on, and so does Slipway. */
function ignoreClosedOutput(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
}
