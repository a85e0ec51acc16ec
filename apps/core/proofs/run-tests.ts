import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { ProofConfig } from "#core/config.ts";
import { messageOf } from "#core/errors.ts";
import { statusOf, wordsOf } from "#core/images/engine/engine-answers.ts";
import type { Engine } from "#core/images/engine/open-engine.ts";
import { createContainer, fillVolume, readState, removeContainer } from "#core/images/engine/run-container.ts";
import type { ImageBuilder } from "#core/images/image-builder.ts";
import type { TestsRecord } from "#core/models/version.ts";
import type { Redact } from "#core/redact.ts";
import { pytestArchive } from "./bring-pytest.ts";
import { keptWords, readLastWords } from "./last-words.ts";
import { summaryMark, testsFolder } from "./test-script.ts";

const lookEveryMs = 250;
const none = { passed: 0, failed: 0, skipped: 0 };

export function testsNotRun(reason: string): TestsRecord {
  return { status: "not_run", ...none, reason, log: null };
}

/** As test-script.ts writes it. */
interface Summary extends Pick<TestsRecord, "passed" | "failed" | "skipped" | "reason"> {
  status: number;
  absent?: string;
}

/** Runs the package's `tests/` by pytest in a container of its image, held as production would hold it; pytest comes in a
 *  volume that is gone with the container. What is found is returned, whatever the tests do, also that pytest is not to be
 *  had: what the image has passed stands without. Thrown is the fault of the engine, and why `signal` aborted. */
export async function runTests(
  { engine, builder, redact }: { engine: Engine; builder: ImageBuilder; redact: Redact },
  { image, labels, limits }: { image: string; labels: Record<string, string>; limits: ProofConfig },
  signal: AbortSignal,
): Promise<TestsRecord> {
  const { memoryBytes, cpus, limitMs } = limits;
  let brought: Readable;
  try {
    brought = await pytestArchive(builder, signal);
  } catch (error) {
    signal.throwIfAborted();
    return testsNotRun(redact(`pytest could not be brought: ${messageOf(error)}`));
  }
  const volume = `/${testsFolder}`;
  const command = ["python3", `${volume}/run.py`];
  const options = { image, labels, memoryBytes, cpus, startPeriodMs: null, command, volume };
  const container = await createContainer(engine, options, signal);
  try {
    await fillVolume(container, { volume, archive: brought }, signal);
    const refusal = await container.start({ abortSignal: signal }).then(() => null, refusedStart);
    if (refusal !== null) return testsNotRun(redact(refusal));
    const deadline = performance.now() + limitMs;
    let state = await readState(container, signal);
    while (state.running && performance.now() < deadline) {
      await sleep(lookEveryMs, undefined, { signal });
      state = await readState(container, signal);
    }
    const written = await readLastWords(container, redact);
    const { log, summary } = readSummary(written);
    const found = (status: TestsRecord["status"], reason: string | null): TestsRecord => ({
      status,
      passed: summary?.passed ?? 0,
      failed: summary?.failed ?? 0,
      skipped: summary?.skipped ?? 0,
      reason: reason === null ? null : messageOf(redact(reason)),
      log: keptWords(log),
    });
    if (state.outOfMemory) return found("failed", `they took more than ${memoryBytes / 1024 / 1024} MiB of memory`);
    if (state.running) return found("failed", `they did not end within ${limitMs / 1_000} s`);
    if (summary?.absent !== undefined) return found("not_run", summary.absent);
    if (summary === null) return found("failed", `they ended with exit code ${state.exitCode} and without a result`);
    return found(summary.status === 0 ? "passed" : "failed", summary.reason);
  } finally {
    brought.destroy();
    await removeContainer(engine, container.id).catch(() => {}); // what stays is the next sweep's
  }
}

/** The engine refuses to start what an image has not (400). */
function refusedStart(error: unknown): string {
  if (statusOf(error) !== 400) throw error;
  return `tests are run by an image's own python3, and this one cannot: ${wordsOf(error)}`;
}

/** The line is the last of its kind, and not part of the log. */
function readSummary(written: string): { log: string; summary: Summary | null } {
  const at = written.lastIndexOf(`\n${summaryMark}`);
  if (at === -1) return { log: written, summary: null };
  const [line = ""] = written.slice(at + 1 + summaryMark.length).split("\n", 1);
  const log = written.slice(0, at) + written.slice(at + 1 + summaryMark.length + line.length);
  return { log, summary: parsed(line) };
}

/** Whoever writes the tests can write this, too. */
function parsed(line: string): Summary | null {
  try {
    const summary = JSON.parse(line) as Partial<Record<keyof Summary, unknown>>;
    if (typeof summary.absent === "string")
      return { ...none, status: 0, reason: null, absent: summary.absent.slice(0, 300) };
    const count = (value: unknown): number => (Number.isSafeInteger(value) && Number(value) >= 0 ? Number(value) : 0);
    const { status, reason } = summary;
    return {
      passed: count(summary.passed),
      failed: count(summary.failed),
      skipped: count(summary.skipped),
      status: typeof status === "number" ? status : 1,
      reason: typeof reason === "string" ? reason.replace(/\p{Cc}/gu, " ").slice(0, 500) : null,
    };
  } catch {
    return null;
  }
}
