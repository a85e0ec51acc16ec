import type { ProofConfig } from "#core/config.ts";
import { messageOf } from "#core/errors.ts";
import { statusOf, wordsOf } from "#core/images/engine/engine-answers.ts";
import type { Engine } from "#core/images/engine/open-engine.ts";
import { hasImage, type PullRequest, pullImage, removeImage } from "#core/images/engine/pull-image.ts";
import { readState } from "#core/images/engine/run-container.ts";
import type { ImageBuilder } from "#core/images/image-builder.ts";
import type { ProofRecord } from "#core/models/version.ts";
import type { Serve } from "#core/packaging/package-spec.ts";
import type { Redact } from "#core/redact.ts";
import { askExample, type Example, type Latency } from "./ask-example.ts";
import { lastError } from "./last-error.ts";
import { keptWords, lastWordsMs, readLastWords } from "./last-words.ts";
import { ownServer } from "./own-server.ts";
import { ProofFailure } from "./proof-failure.ts";
import { withImage } from "./reap-proofs.ts";
import { runTests, testsNotRun } from "./run-tests.ts";
import { type Container, type ServerUnderTest, serverAskedFromWithin } from "./server-under-test.ts";
import { watchMemory } from "./watch-memory.ts";

export interface ProvingNeeds {
  engine: Engine;
  /** Makes the image that asks an own server. */
  builder: ImageBuilder;
  /** For whatever an image, its engine or its registry says. */
  redact: Redact;
}

export interface Proving extends PullRequest {
  /** The example of the package; without one its health is all that is looked at. */
  example: Example | null;
  /** Whether the package's own tests are run in it, too. */
  testsAsked: boolean;
  /** The image is there for this proof alone: an attempt that was lost had it fetched. */
  isFetched: boolean;
  /** Called before it is fetched. */
  beforeFetch(): Promise<void>;
  /** Where a server of the package's own answers; null: the Slipway runtime serves. */
  serve: Serve | null;
  /** Of this proof alone, as a part of names on the engine. */
  name: string;
  /** Of what is started, so that it is found again. */
  labels: Record<string, string>;
  /** `prepareMs`: until its container is there to be started. */
  limits: ProofConfig & { prepareMs: number };
}

export type Findings = Omit<ProofRecord, "checked" | "status"> & { status: "passed" | "failed" };
type Tried = Omit<Findings, "tests">;

/** Runs an image as production would and asks it. What is found is returned, whatever the image does; thrown is the fault
 *  of a part (engine, registry), and why `signal` aborted. In every case the container is gone afterwards, and the image
 *  too where the engine had it for this alone. */
export async function proveImage(needs: ProvingNeeds, proving: Proving, signal: AbortSignal): Promise<Findings> {
  const { engine } = needs;
  const { reference, limits } = proving;
  const preparation = AbortSignal.any([signal, AbortSignal.timeout(limits.prepareMs)]);
  const isThere = await hasImage(engine, reference);
  if (!isThere) {
    await proving.beforeFetch();
    await pullImage(engine, proving, preparation);
  }
  const ofThisAlone = !isThere || proving.isFetched;
  try {
    const held = ofThisAlone ? { ...proving, labels: withImage(proving.labels, reference) } : proving;
    const tried = await runImage(needs, held, { preparation, signal });
    return await withTests(needs, held, tried, signal);
  } finally {
    if (ofThisAlone) await removeImage(engine, reference, AbortSignal.timeout(lastWordsMs)).catch(() => {});
  }
}

/** Tests that fail are a failure of the image; what failed by itself is not tested. */
async function withTests(
  needs: ProvingNeeds,
  { testsAsked, reference: image, labels, limits }: Proving,
  tried: Tried,
  signal: AbortSignal,
): Promise<Findings> {
  if (!testsAsked) return { ...tried, tests: null };
  if (tried.status === "failed") return { ...tried, tests: testsNotRun("the image failed before them") };
  const tests = await runTests(needs, { image, labels, limits }, signal);
  if (tests.status !== "failed") return { ...tried, tests };
  const count = tests.failed > 0 ? `${tests.failed} of its tests failed` : "its tests failed";
  return { ...tried, tests, status: "failed", reason: tests.reason === null ? count : `${count}: ${tests.reason}` };
}

async function runImage(
  needs: ProvingNeeds,
  proving: Proving,
  { preparation, signal }: { preparation: AbortSignal; signal: AbortSignal },
): Promise<Tried> {
  const { limits } = proving;
  const server = await makeServer(needs, proving, preparation).catch((error: unknown) => {
    signal.throwIfAborted();
    if (!preparation.aborted) throw error;
    throw new Error(`its container could not be made within ${limits.prepareMs / 1_000} s`, { cause: error });
  });
  const { container } = server;
  const limit = AbortSignal.timeout(limits.limitMs);
  const either = AbortSignal.any([signal, limit]);
  const memory = watchMemory(container);
  const found = { coldStartMs: null as number | null, latencyMs: null as Latency | null };
  const findings = async (failure: string | null): Promise<Tried> => {
    const log = await readLastWords(container, needs.redact).then(keptWords, () => null);
    const written = log === null || failure === null ? null : lastError(log);
    return {
      status: failure === null ? "passed" : "failed",
      reason: failure === null ? null : messageOf(needs.redact(written === null ? failure : `${failure}: ${written}`)),
      ...found,
      memoryBytes: await memory.peakBytes(),
      log,
    };
  };
  try {
    await start(container, either);
    found.coldStartMs = await server.untilHealthy(either);
    if (proving.example !== null) found.latencyMs = await askExample(server.ask, proving.example, either);
    return await findings(null);
  } catch (error) {
    signal.throwIfAborted();
    const failure = await failureOf(container, error, { limit, limitMs: limits.limitMs, found, limits });
    if (failure === null) throw error;
    return await findings(failure);
  } finally {
    memory.stop();
    await server.remove().catch(() => {}); // what stays is the next sweep's, and no part of what was found
  }
}

function makeServer(
  needs: ProvingNeeds,
  { reference: image, labels, limits, serve, name }: Proving,
  signal: AbortSignal,
): Promise<ServerUnderTest> {
  return serve === null
    ? serverAskedFromWithin(needs.engine, { image, labels, limits }, signal)
    : ownServer(needs, { image, labels, limits, serve, name }, signal);
}

/** The engine refuses what the image asks it to start (400): a program that is not there, for one. */
async function start(container: Container, signal: AbortSignal): Promise<void> {
  try {
    await container.start({ abortSignal: signal });
  } catch (error) {
    if (statusOf(error) !== 400) throw error;
    throw new ProofFailure(`it cannot be started: ${wordsOf(error)}`);
  }
}

/** As whoever ends a container from outside ends it: `kill`, `stop`, and an engine that is stopped. */
const endedFromOutside = new Set([137, 143]);

/** Why the image failed, where it is to blame: what its container says of itself counts for more than how that was noticed.
 *  Null where a part is to blame, throws where that is known better than by `error`. */
async function failureOf(
  container: Container,
  error: unknown,
  {
    limit,
    limitMs,
    found,
    limits,
  }: { limit: AbortSignal; limitMs: number; found: { coldStartMs: number | null }; limits: ProofConfig },
): Promise<string | null> {
  const state = await readState(container, AbortSignal.timeout(lastWordsMs)).catch(() => null);
  if (state === null) return null;
  if (state.outOfMemory) return `it took more than ${limits.memoryBytes / 1024 / 1024} MiB of memory`;
  const when = found.coldStartMs === null ? "before it was healthy" : "while it was asked";
  const hasRun = state.startedAt.getTime() > 0;
  if (hasRun && !state.running) {
    const ended = `ended with exit code ${state.exitCode} ${when}`;
    // An engine that was started again says how its containers ended, not why.
    if (endedFromOutside.has(state.exitCode))
      throw new Error(`its container was stopped: it ${ended}`, { cause: error });
    return isAnswer(error) || limit.aborted ? `it ${ended}` : null;
  }
  if (error instanceof ProofFailure) return error.message;
  if (!limit.aborted) return null;
  return found.coldStartMs === null
    ? `it was not healthy within ${limitMs / 1_000} s`
    : `it did not answer its example within ${limitMs / 1_000} s of its start`;
}

/** And no connection that was lost. */
function isAnswer(error: unknown): boolean {
  return error instanceof ProofFailure || statusOf(error) !== null;
}
