import { everyItem, type Service } from "../service/connect.ts";
import type { Version } from "./release.ts";
import type { Sending } from "./sending.ts";

/** All that were begun in a draft, by whomever. */
export function uploadsOf({ api }: Service, { model, version }: Version) {
  const path = { model, version };
  return everyItem((query) => api.GET("/v1/models/{model}/versions/{version}/uploads", { params: { path, query } }));
}

/** The open one of a file that this push has begun before, or the same one on another machine. */
export async function begunBefore({ service, draft, file }: Sending, kind: "direct" | "resumable") {
  const uploads = await uploadsOf(service, draft);
  return uploads.find(
    (one) => one.kind === kind && one.status === "open" && one.path === file.path && one.digest === file.digest,
  );
}
