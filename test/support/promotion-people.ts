import { type GuardedService, guardedService, type Known } from "./access.ts";
import { finished, predictorPackage, tagged } from "./sealed.ts";
import type { Answer } from "./test-service.ts";

/** A service with those who bring a version to production, each with the one role that it needs. */
export interface PromotionPeople {
  service: GuardedService;
  /** Makes versions. */
  dev: Known;
  /** Posts checks. */
  evaluator: Known;
  /** Ask for promotions. */
  ops: Known;
  otherOps: Known;
  /** Approve them. */
  lead: Known;
  owner: Known;
  /** Sees everything. */
  auditor: Known;
}

export async function promotionPeople(settings: Record<string, string> = {}): Promise<PromotionPeople> {
  const service = await guardedService(settings);
  const person = (
    name: string,
    ...roles: ("uploader" | "builder" | "checker" | "promoter" | "approver" | "reader")[]
  ) =>
    service.identity(
      name,
      roles.map((role) => ({ role, pattern: "*" })),
    );
  return {
    service,
    dev: await person("dev", "uploader", "builder"),
    evaluator: await person("evaluator", "checker"),
    ops: await person("ops", "promoter"),
    otherOps: await person("other-ops", "promoter", "approver"),
    lead: await person("lead", "approver"),
    owner: await person("owner", "approver"),
    auditor: await person("auditor", "reader"),
  };
}

/** A version with an image, made by `dev`. */
export async function candidate(
  { service, dev }: Pick<PromotionPeople, "service" | "dev">,
  model: string,
  version: string,
  { metadata = {}, yaml }: { metadata?: object; yaml?: string } = {},
): Promise<{ digest: string }> {
  const must = async (answer: Promise<Answer>, ...expected: number[]) => {
    const { status, json } = await answer;
    if (!expected.includes(status)) throw new Error(`answered ${status}: ${JSON.stringify(json)}`);
    return json;
  };
  const url = `/v1/models/${model}/versions`;
  await must(dev.call("POST", "/v1/models", { json: { name: model } }), 201, 409);
  await must(dev.call("POST", url, { json: { version, metadata } }), 201);
  const files = { ...predictorPackage, "notes.txt": version, ...(yaml === undefined ? {} : { "slipway.yaml": yaml }) };
  for (const [path, bytes] of Object.entries(files))
    await must(dev.call("PUT", `${url}/${version}/files/${path}`, { bytes }), 201);
  const { build } = await must(dev.call("POST", `${url}/${version}/seal`), 202);
  await finished({ ...service, call: service.admin }, build.id);
  await tagged(service, model);
  return { digest: (await must(service.admin("GET", `${url}/${version}`), 200)).image.digest };
}

/** What is left of an answer for a test to compare. */
export function problemOf({ status, json }: Answer): [number, string] {
  return [status, json?.type?.replace("/problems/", "") ?? "none"];
}
