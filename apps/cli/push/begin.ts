import { isDeepStrictEqual } from "node:util";
import { Failure } from "../failure.ts";
import { checkPackage, offersOf } from "../package/check-package.ts";
import { documentOf, everyItem, type Service } from "../service/connect.ts";
import { fitsArchive, sendArchive } from "./archive.ts";
import { isRelease, isStep, nextNumber, type Step } from "./numbers.ts";
import { documentFor, isOpen, keyFor, type Release, type Version } from "./release.ts";

/** A number that is taken meanwhile is passed over, and so is that of a deleted version. */
const mostNumbers = 100;
/** Of the newest drafts: one of them may be what is left of this very push. */
const mostDrafts = 5;

/** An open draft; or a sealed version: a small package in one request, or one that was pushed before. Makes the model
 *  where there is none. */
export async function begin(service: Service, release: Release): Promise<Version> {
  const { version } = release;
  const once = () => (isStep(version) ? beginNext(service, release, version) : beginNamed(service, release));
  try {
    return await once();
  } catch (error) {
    if (!hasCode(error, "model_not_found")) throw error;
  }
  if (release.image === undefined) await requireServable(service, release);
  await service.api.POST("/v1/models", { body: { name: release.model } }).catch((error: unknown) => {
    if (!hasCode(error, "model_exists")) throw error; // another push was quicker
  });
  return once();
}

/** As the seal would say: of a package that is refused no model stays that has nothing in it. */
async function requireServable(service: Service, { files, labels, metadata }: Release): Promise<void> {
  const { offers } = await offersOf(async () => service);
  await checkPackage(files, { labels, metadata }, offers);
}

export function hasCode(error: unknown, ...codes: string[]): error is Failure {
  return error instanceof Failure && codes.includes(error.about.code ?? "");
}

async function beginNamed(service: Service, release: Release): Promise<Version> {
  const { model, version } = release;
  try {
    return await (fitsArchive(release) ? makeWhole : makeDraft)(service, release, version);
  } catch (error) {
    if (!hasCode(error, "version_exists")) throw error;
    const there = await readVersion(service, model, version).catch(() => {
      throw error; // a deleted version: its number is not used again
    });
    if (!isOpen(there)) return requireSame(service, release, there);
    return goOnWith(service, release, there);
  }
}

async function goOnWith({ api }: Service, release: Release, draft: Version): Promise<Version> {
  const { model, version, createdBy } = draft;
  const me = documentOf(await api.GET("/v1/me"));
  if (createdBy !== me.name)
    throw new Failure("conflict", `${model}:${version} is a draft of ${createdBy}: push another version`);
  if (!isDeepStrictEqual(draft.metadata, release.metadata))
    throw new Failure(
      "conflict",
      `the draft ${model}:${version} was begun with other metadata, which stays: push another version, or the same metadata`,
    );
  const { description, labels } = documentFor(release, version);
  if (description !== undefined || labels !== undefined)
    await api.PATCH("/v1/models/{model}/versions/{version}", {
      params: { path: { model, version } },
      body: { ...(description === undefined ? {} : { description }), ...(labels === undefined ? {} : { labels }) },
    });
  return draft;
}

/** A push that is done already, and was run again. */
export async function requireSame({ api }: Service, release: Release, sealed: Version): Promise<Version> {
  const path = { model: sealed.model, version: sealed.version };
  const files = await everyItem((query) =>
    api.GET("/v1/models/{model}/versions/{version}/files", { params: { path, query } }),
  );
  const there = Object.fromEntries(files.map((file) => [file.path, file.digest]));
  const pushed = Object.fromEntries(release.files.map((file) => [file.path, file.digest]));
  const told = { ...sealed.metadata, ...release.metadata }; // slipway.yaml may have added some
  if (!isDeepStrictEqual(there, pushed) || !isDeepStrictEqual(told, sealed.metadata))
    throw new Failure(
      "conflict",
      `${sealed.model}:${sealed.version} is sealed, with other files or metadata: push another version`,
      { code: "version_exists" },
    );
  return sealed;
}

async function beginNext(service: Service, release: Release, step: Step): Promise<Version> {
  const small = fitsArchive(release);
  const left = small ? null : await leftByThisPush(service, release);
  if (left !== null) return left;
  const make = small ? makeWhole : makeDraft;
  let number = nextNumber(step, await highestRelease(service, release.model));
  for (let tried = 0; tried < mostNumbers; tried++) {
    try {
      return await make(service, release, number);
    } catch (error) {
      if (!hasCode(error, "version_exists")) throw error;
      number = nextNumber(step, number);
    }
  }
  throw new Failure("conflict", `the next ${mostNumbers} numbers of ${release.model} are taken: name the version`);
}

/** A draft is told by its key: whoever made it by the same request gets it again, everybody else hears that its number
 *  is taken. */
async function leftByThisPush(service: Service, release: Release): Promise<Version | null> {
  for (const status of ["draft", "verifying"] as const) {
    const { items } = documentOf(
      await service.api.GET("/v1/models/{model}/versions", {
        params: { path: { model: release.model }, query: { status, order: "desc", limit: mostDrafts } },
      }),
    );
    for (const { version } of items) {
      try {
        return await makeDraft(service, release, version);
      } catch (error) {
        if (!(error instanceof Failure) || error.ending !== "conflict") throw error;
      }
    }
  }
  return null;
}

async function makeDraft(service: Service, release: Release, number: string): Promise<Version> {
  const answer = await service.api.POST("/v1/models/{model}/versions", {
    params: { path: { model: release.model }, header: { "Idempotency-Key": keyFor(release, number) } },
    body: documentFor(release, number),
  });
  return made(service, release, documentOf(answer) as Version, answer.response);
}

async function makeWhole(service: Service, release: Release, number: string): Promise<Version> {
  const answer = await sendArchive(service, release, number);
  return made(service, release, (await answer.json()) as Version, answer);
}

/** As it is now, also where the answer is one that was given before. */
async function made(service: Service, { model }: Release, version: Version, { headers }: Response): Promise<Version> {
  if (headers.get("idempotent-replayed") !== "true") return version;
  return readVersion(service, model, version.version).catch((error: unknown) => {
    if (!(error instanceof Failure) || error.ending !== "notFound") throw error;
    throw new Failure("conflict", `${model}:${version.version} was deleted: push another version`, {
      code: "version_exists",
    });
  });
}

export async function readVersion({ api }: Service, model: string, version: string): Promise<Version> {
  return documentOf(await api.GET("/v1/models/{model}/versions/{version}", { params: { path: { model, version } } }));
}

async function highestRelease({ api }: Service, model: string): Promise<string | null> {
  const path = { model };
  const versions = await everyItem((query) =>
    api.GET("/v1/models/{model}/versions", { params: { path, query: { ...query, order: "desc" } } }),
  );
  return versions.find(({ version }) => isRelease(version))?.version ?? null;
}
