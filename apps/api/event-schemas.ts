import { Type } from "typebox";
import { namePatternLength } from "#core/access/name-pattern.ts";
import { eventKinds } from "#core/events/event-kinds.ts";
import { deliveryStatuses } from "#core/webhooks/deliveries.ts";
import { webhookFormats } from "#core/webhooks/message.ts";
import { closed, nullable, Time } from "./schemas.ts";

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

const settings = {
  url: Type.String({ maxLength: 2_000, examples: ["https://hooks.example.com/slipway"] }),
  description: Type.Optional(Type.String({ maxLength: 1_000 })),
  models: Type.Optional(
    Type.String({
      maxLength: namePatternLength,
      description: "Pattern of the models whose events are sent; * for all",
    }),
  ),
  kinds: Type.Optional(
    Type.Array(Type.String({ pattern: kindSource, maxLength: 100 }), {
      maxItems: 100,
      description: "Kinds, or with tag. all that begin so; none for all",
    }),
  ),
  format: Type.Optional(Type.Enum([...webhookFormats])),
};

export const NewWebhook = Type.Object(settings, closed);

export const WebhookChanges = Type.Object(
  {
    ...settings,
    url: Type.Optional(settings.url),
    enabled: Type.Optional(Type.Boolean({ description: "Disabled, it is sent nothing, and nothing new waits for it" })),
  },
  { ...closed, minProperties: 1 },
);

const webhook = {
  id: Type.String(),
  url: Type.String(),
  description: Type.String(),
  models: Type.String(),
  kinds: Type.Array(Type.String()),
  format: Type.Enum([...webhookFormats]),
  enabled: Type.Boolean(),
  disabledAt: nullable(Time),
  disabledReason: nullable(Type.String()),
  failures: Type.Integer({ description: "Attempts in a row that were not taken" }),
  failingSince: nullable(Time),
  createdAt: Time,
  createdBy: Type.String(),
};

export const Webhook = Type.Object(webhook);

export const MadeWebhook = Type.Object({
  secret: nullable(Type.String({ description: "To verify what is sent; never shown again" })),
  ...webhook,
});

export const Delivery = Type.Object({
  id: Type.String(),
  event: Type.Object({ id: Type.String(), sequence: Place, kind: Type.String(), subject: Type.String() }),
  status: Type.Enum([...deliveryStatuses]),
  attempts: Type.Integer(),
  nextAt: nullable(Time),
  triedAt: nullable(Time),
  tookMs: nullable(Type.Integer()),
  statusCode: nullable(Type.Integer()),
  error: nullable(Type.String()),
  createdAt: Time,
});
