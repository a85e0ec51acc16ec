import { closeSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from "node:fs";

const limitBytes = 16 * 1024 * 1024;

/** A log file for each part: `<folder>/<part>.log`. A full one becomes `<part>.log.1`, in place of the
 *  one before. */
export interface PartLogs {
  /** Returns what writes a line to the part's log. */
  open(part: string): (line: string) => void;
  /** Lines that come later are dropped. */
  close(): void;
}

export function openPartLogs(folder: string): PartLogs {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const logs = new Map<string, { write(line: string): void; close(): void }>();
  return {
    open(part) {
      const log = logs.get(part) ?? openLog(`${folder}/${part}.log`);
      logs.set(part, log);
      return log.write;
    },
    close() {
      for (const log of logs.values()) log.close();
    },
  };
}

function openLog(path: string): { write(line: string): void; close(): void } {
  let file: number | null = openSync(path, "a", 0o600);
  let sizeBytes = fstatSync(file).size;
  return {
    write(line) {
      if (file === null) return;
      sizeBytes += writeSync(file, `${line}\n`);
      if (sizeBytes < limitBytes) return;
      closeSync(file);
      renameSync(path, `${path}.1`);
      file = openSync(path, "a", 0o600);
      sizeBytes = 0;
    },
    close() {
      if (file !== null) closeSync(file);
      file = null;
    },
  };
}
