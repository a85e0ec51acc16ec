import { setTimeout as sleep } from "node:timers/promises";
import type { operations } from "../api-types.d.ts";
import { Failure } from "../failure.ts";
import { code, inMarkdown, markdownTable } from "../pipeline/markdown.ts";
import { type Reporting, report, reported } from "../pipeline/report.ts";
import { documentOf, everyItem, type Service } from "../service/connect.ts";
import type { Work } from "../work.ts";

type Tag = operations["getTag"]["responses"][200]["content"]["application/json"];
type Promotion = operations["getPromotion"]["responses"][200]["content"]["application/json"];

interface MoveOptions extends Reporting {
  reason?: string;
  wait?: boolean;
}

export interface PromoteOptions extends MoveOptions {
  ifRevision?: string;
  notBefore?: string;
  breaksSignature?: boolean;
}

/** Moves a tag; where a policy has it wait, says what for. */
export function promote(work: Work, model: string, version: string, tag: string, options: PromoteOptions) {
  const what = `${model}:${version} was not promoted to ${tag}`;
  return reported(options, what, () => move(work, model, version, tag, options));
}

async function move(work: Work, model: string, version: string, tag: string, options: PromoteOptions): Promise<void> {
  const service = await work.service();
  const { reason, notBefore, breaksSignature, ifRevision } = options;
  if (ifRevision !== undefined && !/^\d+$/.test(ifRevision))
    throw new Failure("usage", "--if-revision is a whole number: slipway history shows it; 0 where the tag is not set");
  const answer = await service.api.PUT("/v1/models/{model}/tags/{tag}", {
    params: {
      path: { model, tag },
      header:
        ifRevision === undefined
          ? {}
          : ifRevision === "0"
            ? { "If-None-Match": "*" }
            : { "If-Match": `"${ifRevision}"` },
    },
    body: {
      version,
      ...(reason === undefined ? {} : { reason }),
      ...(notBefore === undefined ? {} : { notBefore }),
      ...(breaksSignature === true ? { breaksSignature } : {}),
    },
  });
  await showMove(work, service, documentOf(answer), options);
}

export interface RollbackOptions extends MoveOptions {
  to?: string;
  force?: boolean;
}

export async function rollback(work: Work, model: string, tag: string, options: RollbackOptions): Promise<void> {
  const service = await work.service();
  const { reason, to, force } = options;
  if (to !== undefined && !/^\d+$/.test(to))
    throw new Failure("usage", "--to is a revision: slipway history shows them");
  const answer = await service.api.POST("/v1/models/{model}/tags/{tag}/rollback", {
    params: { path: { model, tag } },
    body: {
      ...(reason === undefined ? {} : { reason }),
      ...(to === undefined ? {} : { to: Number(to) }),
      ...(force === true ? { force } : {}),
    },
  });
  await showMove(work, service, documentOf(answer), options);
}

async function showMove(work: Work, service: Service, moved: Tag | Promotion, options: MoveOptions): Promise<void> {
  if (!("status" in moved)) return showMoved(work, moved, options);
  if (options.wait !== true) return showWaiting(work, moved, options);
  const ended = await untilEnded(work, service, moved);
  const { model, tag } = ended;
  if (ended.status !== "done" && ended.status !== "applying") {
    showPromotion(work, ended);
    const why = ended.explanation ?? ended.verdicts.find(({ status }) => status === "failed")?.reason ?? "";
    throw new Failure("refused", `${model}:${tag} was not moved: the promotion is ${ended.status}${why && `, ${why}`}`);
  }
  const at = documentOf(await service.api.GET("/v1/models/{model}/tags/{tag}", { params: { path: { model, tag } } }));
  showMoved(work, at, options);
}

function showMoved(work: Work, tag: Tag, options: Reporting): void {
  const { model, version, imageDigest, revision } = tag;
  report(
    options,
    `# ${code(`${model}:${tag.tag}`)} is at ${version}\n\n${code(imageDigest)}, revision ${revision}, by ${inMarkdown(tag.movedBy)}\n`,
    { SLIPWAY_MOVED: "true" },
  );
  showTag(work, tag);
}

function showWaiting(work: Work, promotion: Promotion, options: Reporting): void {
  const { model, version, tag, status, id, verdicts } = promotion;
  const rows = verdicts.map((one) => [one.rule, one.status, inMarkdown(one.reason)]);
  report(
    options,
    `# ${model}:${version} to ${code(tag)} is ${status}\n\npromotion ${code(id)}\n\n${rows.length > 0 ? markdownTable(rows, ["rule", "stands", "why"]) : ""}`,
    { SLIPWAY_MOVED: "false", SLIPWAY_PROMOTION: id },
  );
  showPromotion(work, promotion);
}

async function untilEnded({ screen, signal }: Work, { api }: Service, begun: Promotion): Promise<Promotion> {
  let promotion = begun;
  let said = "";
  while (promotion.status === "waiting") {
    const waiting = promotion.verdicts.filter(({ status }) => status === "waiting").map(({ reason }) => reason);
    const text = `${promotion.id} waits: ${waiting.join("; ")}`;
    if (text !== said) screen.note(text);
    said = text;
    await sleep(1_000, undefined, { signal });
    promotion = documentOf(await api.GET("/v1/promotions/{id}", { params: { path: { id: promotion.id } } }));
  }
  return promotion;
}

function showTag({ screen }: Work, tag: Tag): void {
  if (screen.json) {
    screen.print(JSON.stringify(tag));
    return;
  }
  screen.print(`${tag.model}:${tag.tag} is at ${tag.version}, revision ${tag.revision}\ndigest  ${tag.imageDigest}`);
}

function showPromotion({ screen }: Work, promotion: Promotion): void {
  if (screen.json) {
    screen.print(JSON.stringify(promotion));
    return;
  }
  const { model, version, tag, status, id } = promotion;
  screen.print(`${model}:${version} to ${tag} is ${status}, promotion ${id}`);
  if (promotion.verdicts.length > 0)
    screen.table(
      ["rule", "stands", "why"],
      promotion.verdicts.map((one) => [one.rule, one.status, one.reason]),
    );
}

/** One promotion with what it waits for, or all that wait. */
export async function promotions({ screen, ...work }: Work, id: string | undefined): Promise<void> {
  const { api } = await work.service();
  if (id !== undefined)
    return showPromotion(
      { screen, ...work },
      documentOf(await api.GET("/v1/promotions/{id}", { params: { path: { id } } })),
    );
  const items = await everyItem((query) =>
    api.GET("/v1/promotions", { params: { query: { ...query, status: "waiting" } } }),
  );
  if (screen.json) return screen.print(JSON.stringify({ items, nextCursor: null }));
  if (items.length === 0) return screen.note("no promotion waits");
  const rows = items.map((one) => [one.id, `${one.model}:${one.version}`, one.tag, one.requestedBy, one.reason]);
  screen.table(["promotion", "version", "to", "by", "reason"], rows);
}

export async function decide(
  work: Work,
  id: string,
  decision: "approved" | "rejected",
  { comment }: { comment?: string },
): Promise<void> {
  const { api } = await work.service();
  const answer = await api.POST("/v1/promotions/{id}/approvals", {
    params: { path: { id } },
    body: { decision, ...(comment === undefined ? {} : { comment }) },
  });
  showPromotion(work, documentOf(answer));
}
