/** At most `atOnce` at a time, in order. After a failure none is begun; it is thrown when those that run have ended. */
export async function inParallel<Item, Result>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item, at: number) => Promise<Result>,
): Promise<Result[]> {
  const results = new Array<Result>(items.length);
  let next = 0;
  let failed = false;
  const some = async () => {
    for (let at = next++; at < items.length && !failed; at = next++) {
      const item = items[at] as Item;
      try {
        results[at] = await work(item, at);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: Math.min(atOnce, items.length) }, some));
  for (const one of ended) if (one.status === "rejected") throw one.reason;
  return results;
}
