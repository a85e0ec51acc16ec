import { describe, expect, it } from "vitest";
import { parseNamePattern } from "./name-pattern.ts";
import { allows, type Grant, type Right, type Role, rights, roles } from "./roles.ts";

const grant = (role: Role, pattern: string, tags: string[] | null = null): Grant => ({
  role,
  pattern: parseNamePattern(pattern),
  tags,
});

describe("a role", () => {
  const expected: Record<Role, Right[]> = {
    reader: ["read"],
    uploader: ["read", "upload"],
    builder: ["read", "build"],
    promoter: ["read", "promote"],
    approver: ["read", "approve"],
    checker: ["read", "check"],
    administrator: [...rights],
  };

  it.each(roles)("%s may do its own and no more, on its pattern and nowhere else", (role) => {
    const grants = [[grant(role, "fraud.*")]];
    expect(rights.filter((right) => allows(grants, { right, model: "fraud.scores" }))).toEqual(expected[role]);
    expect(rights.filter((right) => allows(grants, { right, model: "churn" }))).toEqual([]);
    expect(rights.filter((right) => allows(grants, { right, model: null }))).toEqual([]);
    expect(rights.filter((right) => allows([[grant(role, "*")]], { right, model: null }))).toEqual(expected[role]);
  });

  it("of a promoter may be for some tags alone", () => {
    const grants = [[grant("promoter", "churn", ["stable"])]];
    const promote = { right: "promote", model: "churn" } as const;
    expect(allows(grants, { ...promote, tag: "stable" })).toBe(true);
    expect(allows(grants, { ...promote, tag: "prod" })).toBe(false);
    expect(allows(grants, promote)).toBe(false);
    expect(allows(grants, { right: "read", model: "churn" })).toBe(true);
  });

  it("of a narrowed token is what both its owner's and its own grants allow", () => {
    const owner = [grant("administrator", "fraud.*")];
    const narrowed = [grant("uploader", "*")];
    const both = [owner, narrowed];
    expect(allows(both, { right: "upload", model: "fraud.scores" })).toBe(true);
    expect(allows(both, { right: "promote", model: "fraud.scores" })).toBe(false);
    expect(allows(both, { right: "upload", model: "churn" })).toBe(false);
  });

  it("is nobody's who was granted nothing", () => {
    expect(allows([], { right: "read", model: "churn" })).toBe(false);
    expect(allows([[]], { right: "read", model: "churn" })).toBe(false);
  });
});
