import { Type } from "typebox";
import { nullable, Time } from "./schemas.ts";

export const AuditEntry = Type.Object({
  id: Type.String(),
  at: Time,
  actor: Type.String(),
  action: Type.String(),
  object: Type.String(),
  model: nullable(Type.String()),
  before: Type.Unknown(),
  after: Type.Unknown(),
  requestId: nullable(Type.String()),
  address: nullable(Type.String()),
  tokenId: nullable(Type.String()),
});

const RowNumber = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const Hash = Type.String({ pattern: "^[0-9a-f]{64}$" });

export const ChainHead = Type.Object({ sequence: RowNumber, hash: Hash });

export const ChainPart = Type.Object({
  verified: RowNumber,
  last: RowNumber,
  hash: Hash,
  fault: nullable(
    Type.Object({
      sequence: Type.Integer({ description: "Below 1 of a row that stands outside the chain" }),
      id: nullable(Type.String()),
      what: Type.Enum(["changed", "removed", "inserted"]),
      detail: Type.String(),
    }),
  ),
  done: Type.Boolean(),
});
