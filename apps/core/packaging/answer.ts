import type { Fault } from "#core/errors.ts";
import type { Predictor } from "./find-predictor.ts";
import type { SavedBy } from "./missing-requirements.ts";
import type { OwnRequirements } from "./own-requirements.ts";
import type { Format, Signature } from "./package-spec.ts";

/** What answers a request, and what its bytes say. */
export interface Answer {
  format: Format;
  /** Whose needs it has: of another format where a model of that lies in it. */
  needsOf: Format;
  /** A file or a folder; `.` is the package's top. */
  modelFile: string | null;
  preprocessorFile: string | null;
  predictor: Predictor | null;
  /** What the model says of its inputs and outputs. */
  signature: Signature | null;
  /** What the model says of what can be asked. */
  example: Record<string, unknown> | null;
  saved: SavedBy;
  /** Requirements and Python version that lie within the model, in the manner of its format; null where it has none. */
  requirements: OwnRequirements | null;
  python: { minor: string; where: string } | null;
  notes: readonly string[];
}

export type Found = { answer: Answer | null; faults: Fault[] };

/** An answer that says nothing but what is given. */
export function answerOf(format: Format, modelFile: string | null, said: Partial<Answer> = {}): Answer {
  return {
    format,
    needsOf: format,
    modelFile,
    preprocessorFile: null,
    predictor: null,
    signature: null,
    example: null,
    saved: { version: null, pickles: [] },
    requirements: null,
    python: null,
    notes: [],
    ...said,
  };
}
