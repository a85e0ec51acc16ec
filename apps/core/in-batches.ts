import { isSlipwayError } from "./errors.ts";

/** So many at most are done together. */
const mostTogether = 64;

/** Does what is asked for one by one, and together what is asked for while the one before runs: for work that would wait for
 *  the same lock. A batch is done whole or not at all; where it is refused (a `SlipwayError`) each of it is done by
 *  itself, and hears its own refusal. */
export function inBatches<Subject, Item, Result>(
  work: (subject: Subject, items: readonly Item[]) => Promise<readonly Result[]>,
): (key: string, subject: Subject, item: Item) => Promise<Result> {
  interface Asked {
    item: Item;
    resolve(result: Result): void;
    reject(error: unknown): void;
  }
  const lines = new Map<string, Asked[]>();

  async function doTogether(subject: Subject, batch: readonly Asked[]): Promise<void> {
    try {
      const results = await work(
        subject,
        batch.map(({ item }) => item),
      );
      for (const [index, { resolve }] of batch.entries()) resolve(results[index] as Result);
    } catch (error) {
      if (batch.length > 1 && isSlipwayError(error)) for (const asked of batch) await doTogether(subject, [asked]);
      else for (const { reject } of batch) reject(error);
    }
  }

  async function serve(key: string, subject: Subject, line: Asked[]): Promise<void> {
    while (line.length > 0) await doTogether(subject, line.splice(0, mostTogether));
    lines.delete(key);
  }

  return (key, subject, item) =>
    new Promise((resolve, reject) => {
      const asked = { item, resolve, reject };
      const line = lines.get(key);
      if (line !== undefined) {
        line.push(asked);
        return;
      }
      const begun = [asked];
      lines.set(key, begun);
      void serve(key, subject, begun);
    });
}
