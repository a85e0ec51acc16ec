import { createHash } from "node:crypto";

/** A label of RFC 1035, which every kind of object can be called: services and compose's hosts have the strictest
 *  rule. */
export const objectNamePattern = "^[a-z](?:[a-z0-9-]*[a-z0-9])?$";

/** What a model's objects are called where nobody says. No two models share a name: a model's name has one separator at
 *  a time, so `fraud.churn` becomes `fraud--churn`, `fraud_churn` `fraud---churn`, and what is too long ends in a part
 *  of its digest. */
export function objectNameOf(model: string, longest: number): string {
  const plain = model.replaceAll("_", "---").replaceAll(".", "--");
  const name = /^[a-z]/.test(plain) ? plain : `model----${plain}`;
  if (name.length <= longest) return name;
  const digest = createHash("sha256").update(model).digest("hex").slice(0, 8);
  return `${name.slice(0, longest - 9).replace(/-+$/, "")}-${digest}`;
}
