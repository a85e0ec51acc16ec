import { covers, matches, type NamePattern } from "./name-pattern.ts";

/** What can be done to a model. To see it is part of every role. */
export const rights = ["read", "upload", "build", "promote", "approve", "check", "administer"] as const;
export type Right = (typeof rights)[number];

export const roles = ["reader", "uploader", "builder", "promoter", "approver", "checker", "administrator"] as const;
export type Role = (typeof roles)[number];

export const rightsOf: Record<Role, readonly Right[]> = {
  reader: ["read"],
  uploader: ["read", "upload"],
  builder: ["read", "build"],
  promoter: ["read", "promote"],
  approver: ["read", "approve"],
  checker: ["read", "check"],
  administrator: rights,
};

/** A role on the models of a pattern. */
export interface Grant {
  role: Role;
  pattern: NamePattern;
  /** The tags that a promoter may move; null for all. */
  tags: readonly string[] | null;
}

/** What somebody asks to do. */
export interface Need {
  right: Right;
  /** The model's name; null for what is no model's, which a grant on everything allows. */
  model: string | null;
  /** Of a promotion. */
  tag?: string;
}

/** Sets of grants that must each allow a thing: the owner's, and what a token was narrowed to. */
export type Grants = readonly (readonly Grant[])[];

/** Of whoever may do all there is. */
export const everything: Grants = [[{ role: "administrator", pattern: "*" as NamePattern, tags: null }]];

export function allows(grants: Grants, need: Need): boolean {
  return grants.length > 0 && grants.every((set) => set.some((grant) => grantAllows(grant, need)));
}

function grantAllows({ role, pattern, tags }: Grant, { right, model, tag }: Need): boolean {
  if (!rightsOf[role].includes(right)) return false;
  if (!(model === null ? pattern === "*" : matches(pattern, model))) return false;
  return right !== "promote" || tags === null || (tag !== undefined && tags.includes(tag));
}

/** Of each set, the patterns of the models that it lets see: a name is seen that fits one of every set. */
export function seenPatterns(grants: Grants): NamePattern[][] {
  return grants.map((set) => [...new Set(set.map(({ pattern }) => pattern))]);
}

/** Whether the grants let see every model of a pattern. */
export function seesAll(grants: Grants, pattern: NamePattern): boolean {
  return grants.length > 0 && seenPatterns(grants).every((set) => set.some((granted) => covers(granted, pattern)));
}
