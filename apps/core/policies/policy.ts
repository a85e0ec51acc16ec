import type { NamePattern } from "#core/access/name-pattern.ts";
import type { Role } from "#core/access/roles.ts";

/** What has to hold before a tag moves. Whatever is not asked for is null, false or empty. */
export interface PolicyRules {
  /** The image's smoke test has passed. */
  proof: boolean;
  /** Inputs and outputs are those of the version that has the tag, or who asks says that they need not be. */
  sameSignature: boolean;
  conditions: Condition[];
  /** Names of checks, of each of which the newest result has passed. */
  checks: string[];
  approvals: { count: number; role: ApprovingRole } | null;
  /** Another tag that has pointed at the version for so long, without a break. */
  soak: { tag: string; hours: number } | null;
  /** When the tag may move; none: at any time. */
  windows: Window[];
  /** When it may not. */
  freezes: Freeze[];
  /** Names of registries that the image is copied to, and that have the tag, too. */
  copyTo: string[];
  /** How long a promotion waits for all of that before it fails. */
  waitHours: number;
}

/** The role that counts; an administrator's approval is one of an approver, too. */
export type ApprovingRole = Extract<Role, "approver" | "administrator">;

/** A condition on the version that is to have the tag, `candidate`, and the one that has it, `holder`: rule-expression.ts. */
export interface Condition {
  expression: string;
  /** What holds while no version has the tag; null where `holder` is not named. */
  withoutHolder: "pass" | "fail" | null;
}

export const weekdays = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;

/** From one time of a day to a later one, or to one of the next day where it is not later. */
export interface Window {
  days: (typeof weekdays)[number][];
  /** `HH:MM` by the clocks of that zone. */
  from: string;
  to: string;
  /** By its name in the IANA database: `Europe/Berlin`. */
  timeZone: string;
}

export interface Freeze {
  /** RFC 3339. */
  from: string;
  /** RFC 3339; null until the policy is changed. */
  to: string | null;
  reason: string;
}

/** One version of it. All policies that match a tag hold together, each in its newest version. */
export interface Policy {
  id: string;
  models: NamePattern;
  /** A tag's name, or `*` for every tag that is moved by promotion. */
  tag: string;
  version: number;
  rules: PolicyRules;
  createdAt: Date;
  createdBy: string;
  /** Null of the one that holds. */
  endedAt: Date | null;
}
