import { text } from "node:stream/consumers";
import { Failure } from "../failure.ts";
import { profilesPath, readProfiles, writeProfiles } from "../profiles.ts";
import { connect, documentOf } from "../service/connect.ts";
import { serviceUrl, tokenIn, tokenOf } from "../settings.ts";
import type { Work } from "../work.ts";

/** Keeps an address with a token that it accepts, and uses it from then on. */
export async function login(work: Work, given: string | undefined, { tokenStdin = false }: { tokenStdin?: boolean }) {
  const { screen, chosen, signal } = work;
  const kept = readProfiles(process.env);
  const name = chosen.profile ?? "default";
  const url = serviceUrl(given ?? chosen.url ?? process.env["SLIPWAY_URL"] ?? kept.profiles[name]?.url ?? "");
  const token = tokenStdin
    ? tokenOf(await text(process.stdin))
    : (tokenIn(process.env) ?? (await askForToken(work, url)));
  if (token === null) throw new Failure("usage", "no token was given: an administrator makes one for you");
  const me = documentOf(await connect({ url, token }, signal).api.GET("/v1/me"));
  writeProfiles(process.env, { current: name, profiles: { ...kept.profiles, [name]: { url, token } } });
  if (screen.json) return screen.print(JSON.stringify(me));
  const until = me.token?.expiresAt;
  screen.print(`${me.name} at ${url}${until ? `, until ${until}` : ""}`);
  screen.note(`kept in ${profilesPath(process.env)} as profile "${name}"`);
}

async function askForToken({ screen, signal }: Work, url: string): Promise<string | null> {
  if (!screen.interactive || process.stdin.isTTY !== true)
    throw new Failure("usage", "there is no terminal to ask for the token: use --token-stdin, or set SLIPWAY_TOKEN");
  const { isCancel, password } = await import("@clack/prompts");
  const answer = await password({ message: `Token for ${url}`, output: process.stderr, signal });
  if (isCancel(answer)) throw new Failure("interrupted", "nothing was kept");
  return tokenOf(answer ?? "");
}

export function logout({ screen, chosen }: Work): void {
  const kept = readProfiles(process.env);
  const name = chosen.profile ?? kept.current;
  if (kept.profiles[name] === undefined) {
    screen.note(`there is no profile "${name}"`);
    return;
  }
  const { [name]: _gone, ...profiles } = kept.profiles;
  writeProfiles(process.env, { current: name === kept.current ? "default" : kept.current, profiles });
  screen.note(`profile "${name}" is gone from here; the token itself is good until it expires or is revoked`);
}
