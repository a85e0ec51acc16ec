import type { Identity } from "#core/access/identities.ts";
import type { EventPage } from "#core/access/read-events.ts";
import type { Grant } from "#core/access/roles.ts";
import type { MadeToken, TokenRecord } from "#core/access/tokens.ts";
import type { StoredPart } from "#core/artifacts/blob-store.ts";
import { countOfParts } from "#core/artifacts/part-plan.ts";
import type { AuditEntry } from "#core/audit/list-audit.ts";
import type { Build } from "#core/builds/build.ts";
import { type ExternalSource, referenceOf } from "#core/builds/external-source.ts";
import type { Page } from "#core/database/paging.ts";
import type { Event } from "#core/events/event.ts";
import type { Exchanged } from "#core/federation/exchange-token.ts";
import type { Publisher } from "#core/federation/publishers.ts";
import type { RegistryRecord } from "#core/images/registries/registry-record.ts";
import type { StoredFile } from "#core/models/files.ts";
import type { Model } from "#core/models/model.ts";
import { type ImageRecord, imageReference, type Version } from "#core/models/version.ts";
import type { Tag, TagMove } from "#core/promotion/read-tags.ts";
import type { TagThen } from "#core/promotion/tags-at.ts";
import type { Proof } from "#core/proofs/proof.ts";
import type { Quota } from "#core/quotas/quotas.ts";
import type { Measure } from "#core/quotas/use.ts";
import type { VersionImage } from "#core/upkeep/image-row.ts";
import type { RetentionPreview } from "#core/upkeep/preview-retention.ts";
import type { RetentionRule } from "#core/upkeep/retention-rules.ts";
import type { SignedPart } from "#core/uploads/direct-upload.ts";
import type { Upload } from "#core/uploads/upload.ts";
import type { Delivery } from "#core/webhooks/deliveries.ts";
import type { MadeWebhook } from "#core/webhooks/set-webhook.ts";
import type { Webhook } from "#core/webhooks/webhook.ts";
import { evidenceView } from "./promotion-views.ts";
import { time, timeOrNull } from "./times.ts";

/*
 * The only makers of the API's JSON. Of what is read they change the form; a field that is in no response schema (an id
 * of the database) goes out with no answer. To leave it out here as well, by a rest, costs more than all else in a view.
 */

export function modelView(model: Model) {
  return { ...model, createdAt: time(model.createdAt) };
}

export function versionView(version: Version) {
  return {
    ...version,
    sizeBytes: Number(version.sizeBytes),
    image: imageView(version.image),
    createdAt: time(version.createdAt),
    sealedAt: timeOrNull(version.sealedAt),
  };
}

function imageView(image: ImageRecord | null) {
  if (image === null) return null;
  const { repository, digest, origin, platforms, status, reason } = image;
  return { reference: imageReference(image), repository, digest, origin, platforms, status, reason };
}

export function versionImageView({ changedAt, checkedAt, createdAt, freedBytes, ...image }: VersionImage) {
  return {
    ...image,
    reference: imageReference(image),
    changedAt: time(changedAt),
    checkedAt: time(checkedAt),
    freedBytes: freedBytes === null ? null : Number(freedBytes),
    createdAt: time(createdAt),
  };
}

export function ruleView({ changedAt, ...rule }: RetentionRule) {
  return { ...rule, changedAt: time(changedAt) };
}

export function previewView({ items, ...preview }: RetentionPreview) {
  return {
    ...preview,
    items: items.map(({ createdAt, goes, ...image }) => ({
      ...image,
      reference: imageReference(image),
      createdAt: time(createdAt),
      decision: goes ? ("goes" as const) : ("stays" as const),
    })),
  };
}

export function fileView(file: StoredFile) {
  return { ...file, status: "stored" as const };
}

/** `parts`: what the store has, where it was asked. */
export function uploadView(upload: Upload, parts?: readonly StoredPart[] | null) {
  const { id, kind, path, sizeBytes, digest, partSizeBytes, receivedBytes, status, error } = upload;
  const { createdAt, createdBy, expiresAt } = upload;
  return {
    id,
    kind,
    path,
    sizeBytes,
    digest,
    partSizeBytes,
    status,
    error,
    createdBy,
    partCount: countOfParts(sizeBytes, partSizeBytes),
    ...(parts === undefined ? {} : { parts: parts?.map(({ number, sizeBytes }) => ({ number, sizeBytes })) ?? null }),
    receivedBytes: kind === "direct" ? null : receivedBytes,
    createdAt: time(createdAt),
    expiresAt: time(expiresAt),
  };
}

export function signedPartView({ expiresAt, ...part }: SignedPart) {
  return { ...part, expiresAt: time(expiresAt) };
}

export function buildView({ external, image, waiting, createdAt, startedAt, finishedAt, ...build }: Build) {
  return {
    ...build,
    external: externalView(external),
    image: imageView(image),
    waiting: waiting === null ? null : { for: waiting.for, until: timeOrNull(waiting.until) },
    createdAt: time(createdAt),
    startedAt: timeOrNull(startedAt),
    finishedAt: timeOrNull(finishedAt),
  };
}

function externalView(external: ExternalSource | null) {
  if (external === null) return null;
  const { source, serve } = external;
  return { image: referenceOf(external), source, serve };
}

export function proofView({ createdAt, finishedAt, ...proof }: Proof) {
  return { ...proof, createdAt: time(createdAt), finishedAt: timeOrNull(finishedAt) };
}

export function tagView({ movedAt, registries, ...tag }: Tag) {
  const places = registries.map(({ since, ...place }) => ({ ...place, since: time(new Date(since)) }));
  return { ...tag, movedAt: time(movedAt), registries: places };
}

export function tagThenView({ movedAt, ...tag }: TagThen) {
  return { ...tag, movedAt: time(movedAt) };
}

export function tagMoveView({ movedAt, promotion, ...move }: TagMove) {
  return { ...move, movedAt: time(movedAt), promotion: promotion === null ? null : evidenceView(promotion) };
}

export function identityView(identity: Identity) {
  const { grants, createdAt, signIn, ...rest } = identity;
  const account =
    signIn === null
      ? null
      : { ...signIn, grants: signIn.grants.map(grantView), signedInAt: timeOrNull(signIn.signedInAt) };
  return { ...rest, grants: grants.map(grantView), createdAt: time(createdAt), signIn: account };
}

/** The tags of a grant for all of them are left out. */
export function grantView({ role, pattern, tags }: Grant) {
  return { role, pattern, ...(tags === null ? {} : { tags: [...tags] }) };
}

export function tokenView({ grants, createdAt, expiresAt, lastUsedAt, revokedAt, ...token }: TokenRecord) {
  return {
    ...token,
    grants: grants === null ? null : grants.map(grantView),
    createdAt: time(createdAt),
    expiresAt: timeOrNull(expiresAt),
    lastUsedAt: timeOrNull(lastUsedAt),
    revokedAt: timeOrNull(revokedAt),
  };
}

export function madeTokenView({ token, record }: MadeToken) {
  return { token, ...tokenView(record) };
}

export function publisherView({ grants, changedAt, ...publisher }: Publisher) {
  return { ...publisher, grants: grants.map(grantView), changedAt: time(changedAt) };
}

export function exchangedView({ token, record: { expiresAt }, publisher, source }: Exchanged) {
  const { name: rule, identity, grants } = publisher;
  return { token, expiresAt: timeOrNull(expiresAt) ?? "", identity, grants: grants.map(grantView), rule, source };
}

export function signedInView({ made, grants }: { made: MadeToken; grants: readonly Grant[] }) {
  const { token, record } = made;
  return {
    token,
    expiresAt: timeOrNull(record.expiresAt) ?? "",
    identity: record.identity,
    grants: grants.map(grantView),
  };
}

/** A secret that is sent again would have to be kept. */
export function madeTokenAgain({ record }: MadeToken) {
  return { token: null, ...tokenView(record) };
}

export function auditView({ at, ...entry }: AuditEntry) {
  return { ...entry, at: time(at) };
}

export function eventView({ at, sequence, ...event }: Event) {
  return { sequence: Number(sequence), ...event, at: time(at) };
}

export function eventPageView({ items, ...page }: EventPage) {
  return { items: items.map(eventView), ...page };
}

export function webhookView({ createdAt, disabledAt, failingSince, ...webhook }: Webhook) {
  return {
    ...webhook,
    disabledAt: timeOrNull(disabledAt),
    failingSince: timeOrNull(failingSince),
    createdAt: time(createdAt),
  };
}

export function madeWebhookView({ webhook, secret }: MadeWebhook) {
  return { secret, ...webhookView(webhook) };
}

/** A secret that is sent again would have to be kept. */
export function madeWebhookAgain({ webhook }: MadeWebhook) {
  return { secret: null, ...webhookView(webhook) };
}

export function deliveryView({ event, nextAt, triedAt, createdAt, ...delivery }: Delivery) {
  return {
    ...delivery,
    event: { ...event, sequence: Number(event.sequence) },
    nextAt: timeOrNull(nextAt),
    triedAt: timeOrNull(triedAt),
    createdAt: time(createdAt),
  };
}

export function quotaView({ pattern, limits, used, changedAt, changedBy }: Quota) {
  const use = (measure: Measure) => ({ limit: limits[measure], used: used[measure] });
  return {
    pattern,
    models: use("models"),
    versions: use("versions"),
    sizeBytes: use("sizeBytes"),
    buildsAtOnce: use("buildsAtOnce"),
    fileBytes: { limit: limits.fileBytes },
    filesPerVersion: { limit: limits.filesPerVersion },
    changedAt: time(changedAt),
    changedBy,
  };
}

export function registryView({ changedAt, ...registry }: RegistryRecord) {
  return { ...registry, changedAt: timeOrNull(changedAt) };
}

export function pageView<Item, View>(page: Page<Item>, view: (item: Item) => View) {
  return { items: page.items.map(view), nextCursor: page.nextCursor };
}
