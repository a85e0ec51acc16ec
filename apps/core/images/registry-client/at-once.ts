/** Runs a few at a time; the first failure stops the others and is thrown when all have ended. */
export async function forEachAtOnce<T>(
  items: readonly T[],
  limit: number,
  signal: AbortSignal,
  deed: (item: T, stop: AbortSignal) => Promise<void>,
): Promise<void> {
  const failed = new AbortController();
  const stop = AbortSignal.any([signal, failed.signal]);
  const pending = [...items];
  const next = async (): Promise<void> => {
    for (let item = pending.shift(); item !== undefined; item = pending.shift()) {
      stop.throwIfAborted();
      await deed(item, stop);
    }
  };
  const runs = Array.from({ length: Math.min(limit, items.length) }, () =>
    next().catch((error: unknown) => {
      failed.abort(error);
      throw error;
    }),
  );
  await Promise.allSettled(runs);
  stop.throwIfAborted();
}
