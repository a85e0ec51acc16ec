import { randomInt } from "node:crypto";

/*
 * What a person compares, or types: BCDF-GHJK, of twenty consonants that are not mistaken for each other and make no words
 * (RFC 8628 §6.1). Case and signs between are no matter.
 */
export type UserCode = string & { readonly userCode: unique symbol };

const letters = "BCDFGHJKLMNPQRSTVWXZ";

export function newUserCode(): UserCode {
  const text = Array.from({ length: 8 }, () => letters[randomInt(letters.length)]).join("");
  return `${text.slice(0, 4)}-${text.slice(4)}` as UserCode;
}

/** Null for what is none. */
export function parseUserCode(text: string): UserCode | null {
  const plain = text.replaceAll(/[\s-]/g, "").toUpperCase();
  return new RegExp(`^[${letters}]{8}$`).test(plain) ? (`${plain.slice(0, 4)}-${plain.slice(4)}` as UserCode) : null;
}
