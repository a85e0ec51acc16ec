import { appendFile, type FileHandle, open } from "node:fs/promises";

interface Written {
  file: FileHandle;
  /** Makes what was written durable, and then the line that says so. */
  commit(line: string): Promise<void>;
}

/** The file of an upload, with its log beside it, is open once for all parts that are being written to it: a fault of the disk, which is told once, is
 *  told to all of them that are not on record; and those that are written by the time that it is idle are made durable together. */
export function openWhileWritten(): (path: string, write: (to: Written) => Promise<void>) => Promise<void> {
  const files = new Map<string, { written: Promise<Written>; users: number }>();
  const openOne = async (path: string): Promise<Written> => {
    const file = await open(path, "r+");
    let synced: Promise<void> = Promise.resolve();
    const commit = inGroups<string>(async (lines) => {
      // Once it has failed, nobody knows whose bytes it was.
      synced = synced.then(() => file.datasync());
      await synced;
      await appendDurably(`${path}.log`, lines.join("\n"));
    });
    return { file, commit };
  };
  return async (path, write) => {
    const entry = files.get(path) ?? { written: openOne(path), users: 0 };
    files.set(path, entry);
    entry.users += 1;
    try {
      await write(await entry.written);
    } finally {
      entry.users -= 1;
      if (entry.users === 0) {
        files.delete(path);
        await entry.written.then(
          ({ file }) => file.close(),
          () => {},
        );
      }
    }
  };
}

/** One act at a time: what comes meanwhile is the next one's, all of it. */
function inGroups<Item>(act: (items: Item[]) => Promise<void>): (item: Item) => Promise<void> {
  let running: Promise<void> = Promise.resolve();
  let next: { items: Item[]; acted: Promise<void> } | null = null;
  return (item) => {
    if (next !== null) {
      next.items.push(item);
      return next.acted;
    }
    const items = [item];
    const acted = running
      .catch(() => {}) // told to those whose act it was
      .then(() => {
        next = null;
        return act(items);
      });
    next = { items, acted };
    running = acted;
    return acted;
  };
}

/** A line that a crash cut off is passed over: each one starts on a line of its own. */
export function appendDurably(path: string, line: string): Promise<void> {
  return appendFile(path, `\n${line}\n`, { flush: true });
}
