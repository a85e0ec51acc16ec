import type { operations } from "../api-types.d.ts";
import { named, versionNamed } from "../named.ts";
import { readVersion } from "../push/begin.ts";
import type { Version } from "../push/release.ts";
import { documentOf, everyItem, type Service } from "../service/connect.ts";
import { showLines } from "../terminal/lines.ts";
import { bytesText } from "../terminal/units.ts";
import type { Work } from "../work.ts";

/** The models, or a model's versions, the newest first. */
export async function list({ screen, service }: Work, model: string | undefined): Promise<void> {
  const { api } = await service();
  if (model === undefined) {
    const items = await everyItem((query) => api.GET("/v1/models", { params: { query } }));
    if (screen.json) return screen.print(JSON.stringify({ items, nextCursor: null }));
    if (items.length === 0) return screen.note("no models yet: slipway push NAME FOLDER makes the first");
    const rows = items.map(({ name, latestVersion, tags, title }) => [
      name,
      latestVersion ?? "",
      Object.entries(tags)
        .map(([tag, version]) => `${tag}=${version}`)
        .join(" "),
      title,
    ]);
    return screen.table(["model", "latest", "tags", "title"], rows);
  }
  const items = await everyItem((query) =>
    api.GET("/v1/models/{model}/versions", { params: { path: { model }, query: { ...query, order: "desc" } } }),
  );
  if (screen.json) return screen.print(JSON.stringify({ items, nextCursor: null }));
  const rows = items.map((one) => [
    one.version,
    one.status,
    one.tags.join(" "),
    bytesText(one.sizeBytes),
    one.format ?? "",
    one.createdAt.slice(0, 10),
    one.createdBy,
  ]);
  screen.table(["version", "status", "tags", "size", "format", "made", "by"], rows);
}

export async function show({ screen, service }: Work, name: string): Promise<void> {
  const { model, version } = named(name);
  const connected = await service();
  if (version === null) {
    const found = documentOf(await connected.api.GET("/v1/models/{model}", { params: { path: { model } } }));
    if (screen.json) return screen.print(JSON.stringify(found));
    return showLines(screen, [
      ["model", found.name],
      ["title", found.title],
      ["latest", found.latestVersion ?? ""],
      ...Object.entries(found.tags).map(([tag, at]) => [tag, at] as [string, string]),
    ]);
  }
  const found = await readVersion(connected, model, version);
  if (screen.json) return screen.print(JSON.stringify(found));
  showLines(screen, [
    ["version", `${found.model}:${found.version}`],
    ["status", found.status],
    ["tags", found.tags.join(" ")],
    ["files", `${found.fileCount}, ${bytesText(found.sizeBytes)}`],
    ["format", found.format ?? ""],
    ["content", found.contentDigest ?? ""],
    ["image", found.image?.reference ?? ""],
    ["proof", found.proof === null ? "" : `${found.proof.status} ${found.proof.reason ?? ""}`],
    ["labels", pairsText(found.labels)],
    ["metadata", Object.keys(found.metadata).length === 0 ? "" : JSON.stringify(found.metadata)],
    ["made", `${found.createdAt} by ${found.createdBy}`],
    ["build", await buildText(connected, found)],
  ]);
}

/** What went wrong, where it did. */
async function buildText({ api }: Service, { build }: Version): Promise<string> {
  if (build === null) return "";
  if (build.status !== "failed" && build.status !== "waiting") return `${build.id} ${build.status}`;
  const found = documentOf(await api.GET("/v1/builds/{id}", { params: { path: { id: build.id } } }));
  return `${build.id} ${found.status}: ${found.error?.message ?? found.waiting?.for ?? ""}`;
}

function pairsText(pairs: Record<string, string>): string {
  return Object.entries(pairs)
    .map(([key, value]) => `${key}=${value}`)
    .join(" ");
}

type Comparison = operations["compareVersions"]["responses"][200]["content"]["application/json"];

export async function compare({ screen, service }: Work, name: string, other: string): Promise<void> {
  const { model, version } = versionNamed(name);
  const { api } = await service();
  const versions = `${version}...${other}`;
  const found = documentOf(
    await api.GET("/v1/models/{model}/compare/{versions}", {
      params: { path: { model, versions }, header: { Accept: "application/json" } },
    }),
  ) as Comparison;
  if (screen.json) return screen.print(JSON.stringify(found));
  const shown = (value: unknown) =>
    value === undefined || value === null ? "" : typeof value === "string" ? value : JSON.stringify(value);
  const rows = [
    ...found.files.items.map(({ path, from, to }) => [
      `file ${path}`,
      from === null ? "" : bytesText(from.sizeBytes),
      to === null ? "" : bytesText(to.sizeBytes),
    ]),
    ...(["metadata", "labels", "signature"] as const).flatMap((part) =>
      found[part].map(({ path, from, to }) => [`${part} ${path}`, shown(from), shown(to)]),
    ),
    ...(found.requirements ?? []).map(({ name: wheel, from, to }) => [`requires ${wheel}`, from ?? "", to ?? ""]),
  ];
  if (rows.length === 0) screen.note(`${found.from.version} and ${found.to.version} hold the same`);
  else screen.table(["what", found.from.version, found.to.version], rows);
  if (found.image !== null) screen.note(`a node that has the first pulls ${bytesText(found.image.newBytes)}`);
}

export async function history({ screen, service }: Work, model: string, tag: string): Promise<void> {
  const { api } = await service();
  const path = { model, tag };
  const items = await everyItem((query) =>
    api.GET("/v1/models/{model}/tags/{tag}/history", { params: { path, query } }),
  );
  if (screen.json) return screen.print(JSON.stringify({ items, nextCursor: null }));
  const rows = items.map((move) => [
    String(move.revision),
    move.to ?? "removed",
    move.from ?? "",
    move.movedAt.slice(0, 16).replace("T", " "),
    move.movedBy,
    move.reason,
  ]);
  screen.table(["revision", "version", "before", "when", "by", "reason"], rows);
}
