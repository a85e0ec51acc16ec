import { messageOf } from "#core/errors.ts";
import type { Redact } from "#core/redact.ts";
import type { Actor, Registry } from "#core/registry.ts";
import { recordAudit } from "./record-audit.ts";
import { refusalLimit } from "./refusal-limit.ts";

/** What somebody may not do. */
export interface Refusal {
  /** By its operationId. */
  operation: string;
  /** The one that is missing. */
  right: string;
  /** The model's name as it was asked for; null for what is no model's. */
  model: string | null;
  /** As it was asked for: `PUT /v1/models/churn/tags/prod`. */
  object: string;
  /** Where it is no right that is missing. */
  why?: string;
}

export interface Refusals {
  /** Nobody waits for the row; where it cannot be written the log says so. */
  note(actor: Actor, refusal: Refusal): void;
  /** Waits for the rows that are being written. */
  close(): Promise<void>;
}

/** Of each actor, operation and model a row a minute, and at most 20 rows of an actor: `after.leftOut` of its next row
 *  counts the others. Made once a process. */
export function openRefusals(
  { db, log, redact }: Pick<Registry, "db" | "log"> & { redact: Redact },
  now: () => number = () => performance.now(),
): Refusals {
  const limit = refusalLimit(now);
  const writing = new Set<Promise<void>>();
  return {
    note(actor, { operation, right, model: asked, object, why }) {
      const model = asked === null ? null : plain(redact(asked), longest.model);
      const admitted = limit.admit(actor.name, JSON.stringify([operation, model, why]));
      if (admitted === null) return;
      const row = recordAudit(db, actor, {
        action: "access.refuse",
        object: plain(redact(object.replace(/[?#].*/s, "")), longest.object),
        objectId: operation,
        model,
        after: {
          operation,
          right,
          ...(why === undefined ? {} : { why: plain(redact(why), longest.why) }),
          ...(admitted.leftOut === 0 ? {} : { leftOut: admitted.leftOut }),
        },
      })
        .catch((error: unknown) => log.warn({ error: messageOf(error), operation }, "a refusal was not recorded"))
        .finally(() => writing.delete(row));
      writing.add(row);
    },
    async close() {
      await Promise.all(writing);
    },
  };
}

/** In characters. A model's name is at most so long; a longer one is none. */
const longest = { model: 128, object: 300, why: 500 };

/** Without what a terminal or Postgres stumbles over: control and format characters, halves of pairs. */
function plain(text: string, length: number): string {
  return [...text.slice(0, 2 * length).replace(/\p{C}/gu, "")].slice(0, length).join("");
}
