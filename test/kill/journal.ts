import type { Digest } from "#core/artifacts/digest.ts";

/** What the service has acknowledged to its clients: all of it must be found again. */
export interface Journal {
  models: Set<string>;
  /** `model:version` */
  versions: Set<string>;
  files: { version: string; path: string; digest: Digest }[];
  /** How many of the files have been read back since. */
  readBack: number;
  /** `model:version` → content digest, or null where sealing was acknowledged by a later answer than its own. */
  sealed: Map<string, Digest | null>;
  moves: { model: string; tag: string; revision: number; version: string }[];
  /** Answers that must never be given, whatever is killed. */
  wrongAnswers: string[];
}

export function openJournal(): Journal {
  return {
    models: new Set(),
    versions: new Set(),
    files: [],
    readBack: 0,
    sealed: new Map(),
    moves: [],
    wrongAnswers: [],
  };
}
