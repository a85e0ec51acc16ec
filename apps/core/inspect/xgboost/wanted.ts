import { Unreadable } from "../unreadable.ts";

/** Which members of a document are read: `true` keeps a value as it is, and what is not named is passed over. */
export type Wanted = true | { readonly [key: string]: Wanted };

/** What is kept of a document together; the names of some hundred thousand columns. */
export const mostKeptBytes = 4 * 1024 * 1024;

export function tooMuchKept(): Unreadable {
  return new Unreadable(`names more than fits into ${mostKeptBytes / 1024 ** 2} MiB, too much to inspect`);
}

export function wantedOf(wanted: Wanted | undefined, key: string): Wanted | undefined {
  return wanted === undefined || wanted === true || !Object.hasOwn(wanted, key) ? undefined : wanted[key];
}
