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
const branchOrTag = /^refs\/(?:heads|tags)\/./;

export const knownProviders: Record<Provider, Known> = {
  github: {
    issuer: /^https:\/\/token\.actions\.githubusercontent\.com(?:\/|$)/,
    named: ["repository", "repository_id"],
    startedBy: "event_name",
    forms: {
      repository: /^[A-Za-z0-9-]+\/[A-Za-z0-9._-]+$/,
      repository_id: id,
      repository_owner_id: id,
      ref: branchOrTag,
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
      ref_path: branchOrTag,
      ref_protected: /^(?:true|false)$/,
    },
  },
  other: { issuer: /^(?!)/, named: [], startedBy: null, forms: {} },
};

/** Events that somebody with write access causes on purpose, by the claim that names them, and the claim that says of which
 *  branch or tag. A workflow that is called (`workflow_call`) has the event of the one that calls. Any other event is let in
 *  by a rule that names it alone. */
const onPurpose = [
  {
    startedBy: "event_name",
    events: ["push", "workflow_dispatch", "schedule", "release", "create", "deployment", "repository_dispatch"],
    ref: "ref",
  },
  {
    startedBy: "pipeline_source",
    events: ["push", "web", "schedule", "api", "trigger", "pipeline"],
    ref: "ref_path",
  },
] as const;

/** Events of code that anybody may propose. Their runs may hold the repository's own name, id and branch. */
const proposed = /^(?:pull_request(?:_.+)?|merge_request_event|external_pull_request_event)$/;
const proposedRef = /^refs\/(?:pull|merge-requests)\//;
/** Run by a workflow of the repository itself, so that a rule may let it in, by name. */
const mayBeNamed = "pull_request_target";

/** Of a rule: the event that it asks for and no rule may. */
export function namesProposed(claims: Claims): string | null {
  return (
    [claims["event_name"], claims["pipeline_source"]].find(
      (event): event is string => typeof event === "string" && proposed.test(event) && event !== mayBeNamed,
    ) ?? null
  );
}

/** The claims of a token that do not show that somebody with write access wanted this run, whoever issued it: an event that
 *  is neither listed nor named by the rule, and a ref that is no branch or tag. */
export function unwantedIn(token: Claims, rule: Claims): string[] {
  const told = onPurpose.filter(({ startedBy }) => token[startedBy] !== undefined);
  const events = told.filter(({ startedBy, events }) => {
    const event = token[startedBy];
    return rule[startedBy] !== event && !events.some((listed) => listed === event);
  });
  const refs = told.filter(({ ref }) => !isText(token[ref], branchOrTag)).map(({ ref }) => ref);
  return [
    ...events.map(({ startedBy }) => startedBy),
    ...refs,
    ...(isText(token["ref"], proposedRef) ? ["ref"] : []),
    ...(isUnprotectedChild(token) ? ["ref_protected"] : []),
  ];
}

/** Of the child of a fork's merge request GitLab had long said the project's own id, and its branch where the fork's is called
 *  the same. */
function isUnprotectedChild(token: Claims): boolean {
  return token["pipeline_source"] === "parent_pipeline" && token["ref_protected"] !== "true";
}

function isText(value: unknown, form: RegExp): boolean {
  return typeof value === "string" && form.test(value);
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
