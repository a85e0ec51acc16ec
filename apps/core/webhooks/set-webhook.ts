import type { NamePattern } from "#core/access/name-pattern.ts";
import type { Network } from "#core/access/networks.ts";
import { recordAudit } from "#core/audit/record-audit.ts";
import type { Transaction } from "#core/database/client.ts";
import { newId } from "#core/database/ids.ts";
import { SlipwayError } from "#core/errors.ts";
import { eventKinds } from "#core/events/event-kinds.ts";
import { forget, type Remember } from "#core/idempotency/keys.ts";
import type { Actor, Registry } from "#core/registry.ts";
import type { WebhookFormat } from "./message.ts";
import { makeSigningSecret, removeSigningSecrets } from "./signing-secrets.ts";
import { whyUrlIsRefused } from "./target.ts";
import { lockWebhook, readWebhook, type Webhook, webhookWork } from "./webhook.ts";

export interface WebhookInput {
  url: string;
  description: string;
  models: NamePattern;
  kinds: string[];
  format: WebhookFormat;
}

/** The secret is here once, and nowhere again. */
export interface MadeWebhook {
  webhook: Webhook;
  secret: string;
}

type Needs = Pick<Registry, "db" | "config">;

/** It is sent what gets its number from now on. Throws `invalid_webhook`, `unavailable` where this Slipway keeps no secrets. */
export async function createWebhook(
  { db, config }: Needs,
  input: WebhookInput,
  actor: Actor,
  remember: Remember<MadeWebhook> = forget,
): Promise<MadeWebhook> {
  check(input, config.webhooks.networks);
  const id = newId();
  return db.$transaction(async (tx) => {
    const secret = await makeSigningSecret(tx, config.secrets, { id });
    await tx.webhook.create({ data: { id, ...input, createdBy: actor.name } });
    await tx.work.create({ data: { id: newId(), kind: webhookWork, subjectId: id, state: "done" } });
    const webhook = await readWebhook({ db: tx }, id);
    await recordAudit(tx, actor, { ...audited(webhook), action: "webhook.create", after: described(webhook) });
    const made = { webhook, secret };
    await remember(tx, made);
    return made;
  });
}

/** Holds from then on: whoever is sending finds its claim gone, and what waits is sent as it is said now. Enabling, or another
 *  URL, ends the memory of what failed. Throws `webhook_not_found`, `invalid_webhook`. */
export async function updateWebhook(
  { db, config }: Needs,
  id: string,
  {
    enabled,
    ...changes
  }: { [Key in keyof WebhookInput]?: WebhookInput[Key] | undefined } & {
    enabled?: boolean | undefined;
  },
  actor: Actor,
): Promise<Webhook> {
  check(changes, config.webhooks.networks);
  const given = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
  return db.$transaction(async (tx) => {
    const before = await lockWebhook(tx, id);
    const isAnew = (enabled === true && !before.enabled) || (changes.url !== undefined && changes.url !== before.url);
    const disabling = enabled === false && before.enabled;
    await tx.webhook.update({
      where: { id },
      data: {
        ...given,
        ...(enabled === true ? { disabledAt: null, disabledReason: null } : {}),
        ...(disabling ? { disabledAt: new Date(), disabledReason: `by ${actor.name}` } : {}),
        ...(isAnew ? { failures: 0, failingSince: null } : {}),
      },
    });
    if (isAnew) await tryAgainNow(tx, id);
    const after = await readWebhook({ db: tx }, id);
    await beginAnew(tx, after);
    await recordAudit(tx, actor, {
      ...audited(after),
      action: "webhook.update",
      before: described(before),
      after: { ...described(after), urlChanged: after.url !== before.url },
    });
    return after;
  });
}

/** Another secret: what is sent from now on is signed with it, and for some hours with those before it as well, so that receivers are
 *  given it without a message that they refuse. With no hours those are worth nothing from now on. Throws `webhook_not_found`. */
export async function replaceSecret(
  { db, config }: Needs,
  { id, keepHours }: { id: string; keepHours: number },
  actor: Actor,
  remember: Remember<MadeWebhook> = forget,
): Promise<MadeWebhook> {
  return db.$transaction(async (tx) => {
    const webhook = await lockWebhook(tx, id);
    const keepUntil = keepHours === 0 ? null : new Date(Date.now() + keepHours * 3_600_000);
    const secret = await makeSigningSecret(tx, config.secrets, { id, keepUntil });
    await beginAnew(tx, webhook);
    await recordAudit(tx, actor, { ...audited(webhook), action: "webhook.renew", after: { keepHours } });
    const made = { webhook, secret };
    await remember(tx, made);
    return made;
  });
}

/** With all that waits for it, and the log of what was sent. Throws `webhook_not_found`. */
export async function deleteWebhook({ db }: Needs, id: string, actor: Actor): Promise<void> {
  await db.$transaction(async (tx) => {
    const before = await lockWebhook(tx, id);
    await tx.work.deleteMany({ where: { kind: webhookWork, subjectId: id } });
    await tx.webhook.delete({ where: { id } });
    await removeSigningSecrets(tx, id);
    await recordAudit(tx, actor, { ...audited(before), action: "webhook.delete", before: described(before) });
  });
}

/** Puts its work in the queue, now. Whoever has it looks once more before it ends. */
export async function sendSoon(tx: Transaction, id: string): Promise<void> {
  await tx.$executeRaw`
    UPDATE work SET state = 'queued', run_after = now(), lost_leases = 0
    WHERE kind = ${webhookWork} AND subject_id = ${id}::uuid AND state IN ('done', 'queued')`;
}

/** Whoever is sending at the moment finds its claim gone. */
async function beginAnew(tx: Transaction, { id, enabled }: Webhook): Promise<void> {
  await tx.$executeRaw`
    UPDATE work SET state = ${enabled ? "queued" : "done"}, run_after = now(), lease_until = NULL, lost_leases = 0
    WHERE kind = ${webhookWork} AND subject_id = ${id}::uuid`;
}

async function tryAgainNow(tx: Transaction, id: string): Promise<void> {
  await tx.webhookDelivery.updateMany({
    where: { webhookId: id, status: "waiting", attempts: { gt: 0 } },
    data: { nextAt: new Date() },
  });
}

/** Throws `invalid_webhook`. */
function check(
  { url, kinds }: { url?: string | undefined; kinds?: string[] | undefined },
  networks: readonly Network[],
) {
  const known = (kind: string) => eventKinds.some((one) => (kind.endsWith(".") ? one.startsWith(kind) : one === kind));
  const unknown = kinds?.find((kind) => !known(kind));
  if (unknown !== undefined)
    throw new SlipwayError(
      "invalid_webhook",
      `there are no events of the kind "${unknown}": name one such as tag.moved, or tag. for all that begin so`,
    );
  if (url === undefined) return;
  const why = URL.canParse(url) ? whyUrlIsRefused(new URL(url), networks) : "the URL of a webhook is none";
  if (why !== null) throw new SlipwayError("invalid_webhook", why);
}

function audited({ id, url }: Webhook) {
  return { object: new URL(url).origin, objectId: id, model: null };
}

/** Path and query of a URL may be its secret. */
function described({ url, models, kinds, format, description, enabled }: Webhook) {
  return { origin: new URL(url).origin, models, kinds, format, description, enabled };
}
