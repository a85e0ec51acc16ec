import { readFileSync } from "node:fs";
import { Failure } from "./failure.ts";
import { readProfiles } from "./profiles.ts";

export interface Settings {
  /** Without a `/` or `/v1` at its end. */
  url: string;
  token: string | null;
}

export interface Chosen {
  url?: string | undefined;
  profile?: string | undefined;
}

const defaultUrl = "http://127.0.0.1:7070";

/** Arguments, of which a profile is one, then the environment, then the profile that is kept. A profile's token goes to its own address
 *  alone, and that of the environment to no profile's that was asked for. */
export function readSettings(chosen: Chosen, env: NodeJS.ProcessEnv = process.env): Settings {
  const { profiles, current } = readProfiles(env);
  const name = chosen.profile ?? (env["SLIPWAY_PROFILE"] || undefined) ?? current;
  const profile = profiles[name];
  if (profile === undefined && (chosen.profile ?? env["SLIPWAY_PROFILE"]))
    throw new Failure("usage", `there is no profile "${name}": slipway login --profile ${name} makes it`);
  const asked = chosen.profile === undefined ? undefined : profile;
  const url = serviceUrl(chosen.url ?? asked?.url ?? (env["SLIPWAY_URL"] || undefined) ?? profile?.url ?? defaultUrl);
  if (asked !== undefined && chosen.url === undefined) return { url, token: asked.token ?? null };
  const token = tokenIn(env) ?? (profile !== undefined && profile.url === url ? (profile.token ?? null) : null);
  return { url, token };
}

export function serviceUrl(text: string): string {
  const url = URL.canParse(text.trim()) ? new URL(text.trim()) : null;
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new Failure(
      "usage",
      `"${text}" is no address: it begins with http:// or https://, as in https://slipway.example.com`,
    );
  if (url.username !== "" || url.search !== "" || url.hash !== "")
    throw new Failure("usage", "the address holds a login or a query: give the token in SLIPWAY_TOKEN");
  return `${url.origin}${url.pathname.replace(/\/+$/, "").replace(/\/v1$/, "")}`;
}

export function tokenIn(env: NodeJS.ProcessEnv): string | null {
  const file = env["SLIPWAY_TOKEN_FILE"];
  if (env["SLIPWAY_TOKEN"]) return tokenOf(env["SLIPWAY_TOKEN"]);
  if (!file) return null;
  try {
    return tokenOf(readFileSync(file, "utf8"));
  } catch (error) {
    if (error instanceof Failure) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw new Failure("usage", `SLIPWAY_TOKEN_FILE names ${file}, which cannot be read (${code})`, { cause: error });
  }
}

/** Throws where no header could hold it; the text itself is never shown. */
export function tokenOf(text: string): string | null {
  const token = text.trim();
  if (!/^[!-~]*$/.test(token))
    throw new Failure("usage", "the token holds a space or a character that no token has: copy it again, whole");
  return token === "" ? null : token;
}
