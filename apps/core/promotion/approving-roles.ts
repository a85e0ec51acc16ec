import { allows, type Grants } from "#core/access/roles.ts";

/** Those that approvals are counted by. */
export function approvingRoles(grants: Grants, model: string): string[] {
  return [
    ...(allows(grants, { right: "approve", model }) ? ["approver"] : []),
    ...(allows(grants, { right: "administer", model }) ? ["administrator"] : []),
  ];
}
