import type { Ran } from "#core/images/engine/run-container.ts";
import type { Expect } from "#core/packaging/package-spec.ts";
import { compareAnswer } from "./compare-answer.ts";
import { ProofFailure } from "./proof-failure.ts";

/** Runs `slipway-runtime ask` with these words where the server can be reached. */
export type Ask = (words: string[], input: string, signal: AbortSignal) => Promise<Ran>;

export interface Example {
  request: unknown;
  /** What the answer has to be; null where any answer will do. */
  expect: Expect | null;
}

export interface Latency {
  p50: number;
  p99: number;
}

/** What `slipway-runtime ask` writes: docker/runtime/src/slipway_runtime/ask.py. */
interface Said {
  status: number;
  answer: string;
  seconds: number[];
}

const measured = { times: 20, seconds: 10 };
/** Has a server answer the example of its package, and measures how fast it does. Throws
 *  `ProofFailure` where the answer is none, or another than expected. */
export async function askExample(ask: Ask, { request, expect }: Example, signal: AbortSignal): Promise<Latency> {
  const input = JSON.stringify(request);
  // The first answer may take as long as the whole proof, which `signal` ends.
  const { answer } = await askTimes(ask, input, { times: 1, seconds: 3_600 }, signal);
  if (expect !== null) {
    const difference = compareAnswer(parsed(answer), expect);
    if (difference !== null) throw new ProofFailure(difference);
  }
  const { seconds } = await askTimes(ask, input, measured, signal);
  return latencyOf(seconds);
}

async function askTimes(
  ask: Ask,
  input: string,
  { times, seconds }: { times: number; seconds: number },
  signal: AbortSignal,
): Promise<Said> {
  const ran = await ask(["--times", String(times), "--seconds", String(seconds)], input, signal);
  const said = readSaid(ran);
  if (said === null)
    throw new ProofFailure(
      `its example was not answered: ${ran.stderr.trim().split("\n").at(-1) || `exit code ${ran.exitCode}`}`,
    );
  if (said.status !== 200) throw new ProofFailure(`its example was answered ${said.status}, ${messageIn(said.answer)}`);
  return said;
}

/** Null where there was no answer. */
export function readSaid({ exitCode, stdout }: Ran): Said | null {
  const said = exitCode === 0 ? (parsed(stdout) as Partial<Said> | null) : null;
  return typeof said?.answer === "string" && Array.isArray(said.seconds) ? (said as Said) : null;
}

/** The runtime's own errors have a message; of others the beginning. */
function messageIn(answer: string): string {
  const { error } = (parsed(answer) ?? {}) as { error?: { message?: unknown } };
  return typeof error?.message === "string" ? error.message : answer.slice(0, 200);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** In milliseconds, by nearest rank. */
export function latencyOf(seconds: readonly number[]): Latency {
  const sorted = [...seconds].sort((a, b) => a - b);
  const rank = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
  const milliseconds = (value: number) => Math.round(value * 100_000) / 100;
  return { p50: milliseconds(rank(0.5)), p99: milliseconds(rank(0.99)) };
}
