import { Type } from "typebox";
import { eventKinds } from "#core/events/event-kinds.ts";
import { nullable, Time } from "./schemas.ts";

const Place = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });

export const Event = Type.Object({
  sequence: Place,
  id: Type.String(),
  kind: Type.String({ examples: [...eventKinds] }),
  model: nullable(Type.String()),
  modelId: nullable(Type.String()),
  subject: Type.String(),
  actor: Type.String(),
  data: Type.Unknown(),
  requestId: nullable(Type.String()),
  at: Time,
});

export const EventPage = Type.Object({ items: Type.Array(Event), after: Place, head: Place });

/** One kind, or the beginning of several. */
export const kindSource = "^[a-z]+\\.[a-z]*$";
