import type { Event } from "#core/events/event.ts";

export const webhookFormats = ["standard", "cloudevents"] as const;
export type WebhookFormat = (typeof webhookFormats)[number];

export interface Message {
  contentType: string;
  body: string;
}

/*
 * What is sent of an event, the same at each attempt:
 *
 *   standard      {"type": kind, "timestamp", "data"}: the payload that Standard Webhooks recommends
 *   cloudevents   CloudEvents 1.0.2, structured JSON (JSON event format §3), with the extension `sequence`, which sorts as text
 *
 * `data` is the same in both: {"id", "sequence", "model", "modelId", "subject", "actor", "requestId", "change"}, and `change` what
 * the feed has as `data`.
 */
export function eventMessage(event: Event, format: WebhookFormat): Message {
  const { id, kind, model, modelId, subject, actor, requestId, data: change } = event;
  const time = event.at.toISOString();
  const data = { id, sequence: Number(event.sequence), model, modelId, subject, actor, requestId, change };
  if (format === "standard")
    return { contentType: "application/json", body: JSON.stringify({ type: kind, timestamp: time, data }) };
  const cloudEvent = {
    specversion: "1.0",
    id,
    source: model === null ? "/v1" : `/v1/models/${model}`,
    type: `dev.slipway.${kind}`,
    subject,
    time,
    sequence: String(event.sequence).padStart(19, "0"),
    datacontenttype: "application/json",
    data,
  };
  return { contentType: "application/cloudevents+json; charset=utf-8", body: JSON.stringify(cloudEvent) };
}
