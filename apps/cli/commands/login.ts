import { rmSync, writeFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { Failure } from "../failure.ts";
import { idTokenOfRun } from "../pipeline/id-token.ts";
import { changeProfiles, profilesPath, readProfiles } from "../profiles.ts";
import { connect, documentOf } from "../service/connect.ts";
import { signIn } from "../service/sign-in.ts";
import { serviceUrl, tokenIn, tokenOf } from "../settings.ts";
import type { Work } from "../work.ts";

export interface LoginOptions {
  tokenStdin?: boolean;
  oidc?: boolean;
  audience?: string;
  rule?: string;
  tokenFile?: string;
}

/** Keeps an address with a token that it accepts, and uses it from then on. A person signs in with a browser where the service has that,
 *  and is asked for a token elsewhere. */
export async function login(work: Work, given: string | undefined, options: LoginOptions): Promise<void> {
  const { screen, chosen, signal } = work;
  const kept = readProfiles(process.env);
  const name = chosen.profile ?? "default";
  const url = serviceUrl(given ?? chosen.url ?? process.env["SLIPWAY_URL"] ?? kept.profiles[name]?.url ?? "");
  const token = await tokenFor(work, url, options);
  if (token === null) throw new Failure("usage", "no token was given: an administrator makes one for you");
  const me = documentOf(await connect({ url, token }, signal).api.GET("/v1/me"));
  if (options.tokenFile === undefined)
    changeProfiles(process.env, ({ profiles }) => ({
      current: name,
      profiles: { ...profiles, [name]: { url, token } },
    }));
  else writeToken(options.tokenFile, token);
  if (screen.json) return screen.print(JSON.stringify(me));
  const until = me.token?.expiresAt;
  screen.print(`${me.name} at ${url}${until ? `, until ${until}` : ""}`);
  screen.note(`kept in ${options.tokenFile ?? `${profilesPath(process.env)} as profile "${name}"`}`);
}

async function tokenFor(work: Work, url: string, options: LoginOptions): Promise<string | null> {
  if (options.oidc === true) return exchange(work, url, options);
  if (options.tokenStdin === true) return tokenOf(await text(process.stdin));
  const given = tokenIn(process.env);
  if (given !== null) return given;
  if (!work.screen.interactive || process.stdin.isTTY !== true)
    throw new Failure("usage", "there is no terminal to sign in from: use --token-stdin, or set SLIPWAY_TOKEN");
  return (await signIn(work, url)) ?? (await askForToken(work, url));
}

/** What GitHub Actions is told of is masked in its logs from then on. */
async function exchange({ screen, signal }: Work, url: string, { audience = url, rule }: LoginOptions) {
  const idToken = await idTokenOfRun(process.env, audience, signal);
  const { token } = documentOf(
    await connect({ url, token: null }, signal).api.POST("/v1/token-exchange", {
      body: { token: idToken, ...(rule === undefined ? {} : { rule }) },
    }),
  );
  if (process.env["GITHUB_ACTIONS"] === "true") screen.note(`::add-mask::${token}`);
  return token;
}

/** Made anew, so that it is nobody else's to read, whoever made a file of that name before. */
function writeToken(path: string, token: string): void {
  try {
    rmSync(path, { force: true });
    writeFileSync(path, token, { mode: 0o600, flag: "wx" });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Failure("usage", `${path} cannot be made (${code}): name another file`, { cause: error });
  }
}

async function askForToken({ signal }: Work, url: string): Promise<string | null> {
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
  changeProfiles(process.env, ({ current, profiles: { [name]: _gone, ...profiles } }) => ({
    current: name === current ? "default" : current,
    profiles,
  }));
  screen.note(`profile "${name}" is gone from here; the token itself is good until it expires or is revoked`);
}
