import { setTimeout as sleep } from "node:timers/promises";
import { Failure } from "../failure.ts";
import { documentOf, type Service } from "../service/connect.ts";
import { hasCode, readVersion, requireSame } from "./begin.ts";
import type { Release, Version } from "./release.ts";
import { uploadsOf } from "./uploads.ts";

/** Waits while a worker reads what came in pieces. Where the package cannot be served the draft stays open. */
export async function seal(service: Service, release: Release, draft: Version): Promise<Version> {
  const path = { model: draft.model, version: draft.version };
  for (;;) {
    try {
      return documentOf(
        await service.api.POST("/v1/models/{model}/versions/{version}/seal", { params: { path } }),
      ) as Version;
    } catch (error) {
      if (hasCode(error, "version_sealed"))
        // by the same push, run twice at once
        return requireSame(service, release, await readVersion(service, draft.model, draft.version));
      if (hasCode(error, "files_verifying")) {
        await requireNoFailure(service, release, draft);
        await sleep(300, undefined, { signal: service.signal });
        continue;
      }
      if (error instanceof Failure && error.about.status === 422)
        throw new Failure(
          error.ending,
          `${error.message}; the draft ${draft.version} stays open: mend the folder, and push again with --version ${draft.version}`,
          error.about,
        );
      throw error;
    }
  }
}

async function requireNoFailure(service: Service, { files }: Release, draft: Version): Promise<void> {
  const uploads = await uploadsOf(service, draft);
  const wanted = new Set(files.map((file) => `${file.digest} ${file.path}`));
  const failed = uploads.find((one) => one.status === "failed" && wanted.has(`${one.digest} ${one.path}`));
  if (failed !== undefined)
    throw new Failure("failed", `${failed.path} did not come as it is (${failed.error?.message}): push again`);
}
