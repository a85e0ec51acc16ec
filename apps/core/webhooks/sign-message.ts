import { createHmac, randomBytes } from "node:crypto";

/*
 * Standard Webhooks 1.0 (https://github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md):
 *
 *   secret              whsec_ · base64 of 32 bytes
 *   webhook-id          of the event; the same however often it is sent
 *   webhook-timestamp   of this attempt, in seconds
 *   webhook-signature   v1, · base64( HMAC-SHA256( bytes of the secret, id · "." · timestamp · "." · body ) )
 *                       of each secret, with blanks between
 */

const prefix = "whsec_";

export function newSigningSecret(): string {
  return `${prefix}${randomBytes(32).toString("base64")}`;
}

export function signedHeaders(secrets: readonly string[], id: string, body: string, at: Date): Record<string, string> {
  const timestamp = String(Math.floor(at.getTime() / 1_000));
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.slice(prefix.length), "base64");
    return `v1,${createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64")}`;
  });
  return { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signatures.join(" ") };
}
