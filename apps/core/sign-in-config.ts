import { parseNamePattern } from "./access/name-pattern.ts";
import { type Grant, roles } from "./access/roles.ts";
import { whyNoIssuer } from "./federation/issuer-url.ts";
import { parseTagName } from "./promotion/tag-name.ts";
import type { Settings } from "./settings.ts";

/** People sign in at a provider of OpenID Connect. */
export interface SignInConfig {
  /** As the provider's tokens name it. */
  issuer: string;
  clientId: string;
  /** Null for a public client, which PKCE alone protects. */
  clientSecret: string | null;
  /** Separated by spaces. */
  scopes: string;
  /** What a new person is called by. */
  nameClaim: string;
  groupsClaim: string;
  /** What a group gives; a group may stand there more than once. */
  roles: readonly GroupRole[];
  /** How long a token of a sign-in is good for. */
  tokenMs: number;
  /** Of this instance, without a slash at its end. */
  publicUrl: string;
}

export interface GroupRole {
  group: string;
  grant: Grant;
}

/** Null where no provider is named. */
export function signInConfig(
  read: Settings,
  { accessOn, publicUrl }: { accessOn: boolean; publicUrl: string | null },
): SignInConfig | null {
  const issuer = read.text("SLIPWAY_OIDC_ISSUER", "");
  const clientSecret = read.secret("SLIPWAY_OIDC_CLIENT_SECRET");
  if (issuer === "") {
    for (const name of needless)
      if (read.text(name, "") !== "") read.problem(`${name} is set without SLIPWAY_OIDC_ISSUER: set that one, too`);
    return null;
  }
  const why = whyNoIssuer(issuer);
  if (why !== null) read.problem(`SLIPWAY_OIDC_ISSUER is "${issuer}": ${why}`);
  if (!accessOn) read.problem("SLIPWAY_OIDC_ISSUER needs SLIPWAY_ACCESS on: with access off nobody has to sign in");
  if (publicUrl === null)
    read.problem("SLIPWAY_OIDC_ISSUER needs SLIPWAY_PUBLIC_URL: the provider sends browsers back there");
  const scopes = read.text("SLIPWAY_OIDC_SCOPES", "openid profile email").split(/\s+/).filter(Boolean);
  if (!scopes.includes("openid")) read.problem("SLIPWAY_OIDC_SCOPES lacks openid, without which nobody is named");
  const groupsClaim = read.text("SLIPWAY_OIDC_GROUPS_CLAIM", "groups");
  if (groupsClaim === "email")
    read.problem("SLIPWAY_OIDC_GROUPS_CLAIM is email, which others are given later: name a claim of groups or roles");
  return {
    issuer,
    clientId: read.required("SLIPWAY_OIDC_CLIENT_ID", "the provider calls it"),
    clientSecret: clientSecret === "" ? null : clientSecret,
    scopes: scopes.join(" "),
    nameClaim: read.text("SLIPWAY_OIDC_NAME_CLAIM", "preferred_username"),
    groupsClaim,
    roles: read.list(
      "SLIPWAY_OIDC_ROLES",
      "group=role:pattern, such as fraud-team=uploader:fraud.*, a promoter's with :tag behind (a comma or % of a group's name as %2C or %25)",
      groupRoleOf,
    ),
    tokenMs: read.hours("SLIPWAY_OIDC_TOKEN_HOURS", 12, { min: 0.1, max: 720 }),
    publicUrl: publicUrl ?? "",
  };
}

const needless = [
  "SLIPWAY_OIDC_CLIENT_ID",
  "SLIPWAY_OIDC_CLIENT_SECRET",
  "SLIPWAY_OIDC_CLIENT_SECRET_FILE",
  "SLIPWAY_OIDC_SCOPES",
  "SLIPWAY_OIDC_NAME_CLAIM",
  "SLIPWAY_OIDC_GROUPS_CLAIM",
  "SLIPWAY_OIDC_ROLES",
  "SLIPWAY_OIDC_TOKEN_HOURS",
];

/** From the last `=`: names of groups may hold one (`cn=ml`), roles and patterns none. */
function groupRoleOf(text: string): GroupRole | null {
  const [, written = "", name = "", pattern = "", tag] = /^(.+)=([a-z]+):([^:]+)(?::([^:]+))?$/.exec(text) ?? [];
  const role = roles.find((known) => known === name);
  if (role === undefined || (tag !== undefined && role !== "promoter")) return null;
  try {
    const tags = tag === undefined ? null : [parseTagName(tag)];
    return { group: decodeURIComponent(written), grant: { role, pattern: parseNamePattern(pattern), tags } };
  } catch {
    return null;
  }
}
