/** One way to authenticate that a registry offers in `WWW-Authenticate` (RFC 9110, section 11.6.1). */
export interface Challenge {
  /** Lower case: `basic` or `bearer`. */
  scheme: string;
  /** Names in lower case. */
  parameters: Record<string, string>;
}

/** Reads a header that may hold several challenges: `Bearer realm="…",service="…", Basic realm="…"`. */
export function parseChallenges(header: string): Challenge[] {
  const challenges: Challenge[] = [];
  // A parameter (name = token or quoted string), or else a scheme.
  const pattern = /([a-zA-Z0-9!#$%&'*+.^_`|~-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+)))?/g;
  for (const [, name = "", quoted, bare] of header.matchAll(pattern)) {
    const value = quoted?.replace(/\\(.)/g, "$1") ?? bare;
    const current = challenges.at(-1);
    if (value === undefined) challenges.push({ scheme: name.toLowerCase(), parameters: {} });
    else if (current !== undefined) current.parameters[name.toLowerCase()] = value;
  }
  return challenges;
}
