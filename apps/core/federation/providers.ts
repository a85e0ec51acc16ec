import type { Claims } from "./id-token.ts";
import type { VersionSource } from "./source.ts";

/*
 * What is known of the tokens of those who run pipelines.
 *
 *   github   https://docs.github.com/actions/reference/security/oidc
 *   gitlab   https://docs.gitlab.com/ci/secrets/id_token_authentication/
 *   other    any issuer; nothing is known of its claims
 */
export const providers = ["github", "gitlab", "other"] as const;
export type Provider = (typeof providers)[number];

interface Known {
  /** Issuers that are this provider's and no other's. */
  issuer: RegExp;
  /** Claims that every rule names: a name that is given to another repository has another id. */
  named: readonly string[];
  /** The claim that says what started the run, without which nothing is known of forks. */
  startedBy: string | null;
  /** What some claims look like: what does not is a slip of the pen, or of an alphabet. */
  forms: Readonly<Record<string, RegExp>>;
}

const id = /^[1-9]\d*$/;

export const knownProviders: Record<Provider, Known> = {
  github: {
    issuer: /^https:\/\/token\.actions\.githubusercontent\.com(?:\/|$)/,
    named: ["repository", "repository_id"],
    startedBy: "event_name",
    forms: {
      repository: /^[A-Za-z0-9-]+\/[A-Za-z0-9._-]+$/,
      repository_id: id,
      repository_owner_id: id,
      ref: /^refs\/(?:heads|tags)\/./,
    },
  },
  gitlab: {
    issuer: /^https:\/\/gitlab\.com\/?$/,
    named: ["project_path", "project_id"],
    startedBy: "pipeline_source",
    forms: {
      project_path: /^[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+)+$/,
      project_id: id,
      namespace_id: id,
      ref_type: /^(?:branch|tag)$/,
      ref_protected: /^(?:true|false)$/,
    },
  },
  other: { issuer: /^(?!)/, named: [], startedBy: null, forms: {} },
};

/** Events of code that anybody may propose. Their runs may hold the repository's own name, id and branch. */
const proposed = /^(?:pull_request(?:_.+)?|workflow_run|merge_request_event|external_pull_request_event)$/;
const proposedRef = /^refs\/(?:pull|merge-requests)\//;
/** Run by a workflow of the repository itself, so that a rule may let them in, by name. */
const mayBeNamed = ["pull_request_target", "workflow_run"];

/** Of a rule: the event that it asks for and no rule may. */
export function namesProposed(claims: Claims): string | null {
  return (
    [claims["event_name"], claims["pipeline_source"]].find(
      (event): event is string => typeof event === "string" && proposed.test(event) && !mayBeNamed.includes(event),
    ) ?? null
  );
}

/** The claims of a token that tell of code that anybody may propose, whoever issued it; but for an event that the rule names. */
export function proposedBy(token: Claims, rule: Claims): string[] {
  const events = ["event_name", "pipeline_source"].filter((name) => {
    const event = token[name];
    return typeof event === "string" && proposed.test(event) && rule[name] !== event;
  });
  const ref = token["ref"];
  return typeof ref === "string" && proposedRef.test(ref) ? [...events, "ref"] : events;
}

/** Without control and format characters, and halves of pairs. */
const readable = /^\P{C}+$/u;

/** What the claims say of the run; null where they do not say it. */
export function sourceOf(
  { provider, issuer, name }: { provider: Provider; issuer: string; name: string },
  claims: Claims,
): VersionSource {
  const text = (claim: string): string | null => {
    const value = claims[claim];
    return typeof value === "string" && value.length <= 1_000 && readable.test(value) ? value : null;
  };
  const common = { provider, issuer, publisher: name, subject: text("sub"), ref: text("ref"), commit: text("sha") };
  const environment = text("environment");
  if (provider === "github") {
    const [repository, runId] = [text("repository"), text("run_id")];
    const server = /^https:\/\/([^/]+)\/_services\/token/.exec(issuer)?.[1];
    const site = knownProviders.github.issuer.test(issuer) ? "github.com" : server;
    const runUrl = site === undefined ? null : `https://${site}/${repository}/actions/runs/${runId}`;
    const workflow = text("job_workflow_ref") ?? text("workflow_ref");
    return { ...common, repository, repositoryId: text("repository_id"), workflow, environment, runId, runUrl };
  }
  if (provider === "gitlab") {
    const [repository, runId] = [text("project_path"), text("pipeline_id")];
    const runUrl = runId === null ? null : `${issuer.replace(/\/$/, "")}/${repository}/-/pipelines/${runId}`;
    const workflow = text("ci_config_ref_uri");
    return { ...common, repository, repositoryId: text("project_id"), workflow, environment, runId, runUrl };
  }
  return { ...common, repository: null, repositoryId: null, workflow: null, environment, runId: null, runUrl: null };
}
