import { createHash } from "node:crypto";
import canonicalize from "canonicalize";
import type { AuditEntry } from "./list-audit.ts";

/*
 * The audit as a chain, in which each row vouches for all before it:
 *
 *   hash of row n = SHA-256( hash of row n − 1, 32 bytes · canonical JSON of row n, UTF-8 )
 *   hash of row 0 = 32 bytes of zero; there is no such row
 *
 * The canonical JSON (RFC 8785) is that of an exported line without its `hash`:
 *   {"action","actor","address","after","at","before","id","model","object","objectId","requestId","sequence","tokenId"}
 */

/** A row of the audit with its place. */
export interface ChainedRow extends AuditEntry {
  sequence: bigint;
  objectId: string;
}

export const beginning = new Uint8Array(32);

/** As it is exported and hashed. */
export function lineOf(row: ChainedRow) {
  const { sequence, id, at, actor, action, object, objectId, model, before, after, requestId, address, tokenId } = row;
  return {
    sequence: Number(sequence),
    id,
    at: at.toISOString(),
    actor,
    action,
    object,
    objectId,
    model,
    before,
    after,
    requestId,
    address,
    tokenId,
  };
}

export function linkOf(hashBefore: Uint8Array, row: ChainedRow): Buffer {
  return createHash("sha256")
    .update(hashBefore)
    .update(canonicalize(lineOf(row)) ?? "")
    .digest();
}
