/*
 * docker's own logins (docker CLI, "config.json properties"):
 *
 *   {"auths": {"<host or URL>": {"auth": base64("user:password")}},     written by `docker login`
 *    "credHelpers": {"<host>": "ecr-login"},                            docker-credential-ecr-login, for that host
 *    "credsStore": "pass"}                                              docker-credential-pass, for all others
 *
 *   docker-credential-<x> get < server  → {"ServerURL", "Username", "Secret"}      (docker-credential-helpers, README)
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { DockerConfig } from "#core/config.ts";
import { messageOf } from "#core/errors.ts";
import { RegistryError } from "../../registry-client/registry-error.ts";
import { runCommand } from "../../run-command.ts";
import type { FetchedLogin } from "./held-login.ts";

interface DockerConfigFile {
  auths?: Record<string, { auth?: string; username?: string; password?: string; identitytoken?: string }>;
  credHelpers?: Record<string, string>;
  credsStore?: string;
}

const helperLimitMs = 10_000;
/** What `docker login` without a host writes. */
const dockerHub = "https://index.docker.io/v1/";
const dockerHubHosts = new Set(["docker.io", "index.docker.io", "registry-1.docker.io"]);

/** Read anew each time: `docker login` may have been run since. Null where docker has no login for the host. */
export async function dockerConfigLogin(
  { configDir, helperEnvironment }: DockerConfig,
  host: string,
  signal: AbortSignal,
): Promise<FetchedLogin | null> {
  const path = join(configDir, "config.json");
  const file = await readConfigFile(path);
  const server = dockerHubHosts.has(host) ? dockerHub : host;
  const entries = Object.entries(file.auths ?? {});
  const [key = server, entry] = entries.find(([name]) => hostOf(name) === hostOf(server)) ?? [];
  const helpers = Object.entries(file.credHelpers ?? {});
  const helper = helpers.find(([name]) => hostOf(name) === hostOf(server))?.[1] ?? file.credsStore;
  const helped = helper === undefined ? null : await askHelper(helper, key, helperEnvironment, signal);
  const login = helped ?? loginIn(entry, path, host);
  return login === null ? null : { ...login, expiresAt: null };
}

async function readConfigFile(path: string): Promise<DockerConfigFile> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    throw new RegistryError(`docker's logins cannot be read: ${messageOf(error)}; set DOCKER_CONFIG to their folder`);
  }
  try {
    const file: unknown = JSON.parse(text);
    if (typeof file === "object" && file !== null) return file;
  } catch {
    // The message would hold a piece of the file.
  }
  throw new RegistryError(`${path} is not JSON, or not docker's`);
}

/** Keys are hosts, or URLs as old versions of docker wrote them. */
function hostOf(key: string): string {
  const host = key.replace(/^https?:\/\//, "").split("/", 1)[0] ?? "";
  return dockerHubHosts.has(host) ? "docker.io" : host;
}

type Entry = NonNullable<DockerConfigFile["auths"]>[string];

function loginIn(entry: Entry | undefined, path: string, host: string): { username: string; password: string } | null {
  if (entry === undefined) return null;
  const { auth, identitytoken } = entry;
  if (typeof identitytoken === "string" && identitytoken !== "") return identityLogin(identitytoken, host);
  if (typeof entry.username === "string" && typeof entry.password === "string")
    return { username: entry.username, password: entry.password };
  if (typeof auth !== "string" || auth === "") return null;
  const decoded = Buffer.from(auth, "base64").toString("utf8");
  const colon = decoded.indexOf(":");
  if (colon < 1) throw new RegistryError(`${path} has a login for ${host} that cannot be read: run docker login again`);
  return { username: decoded.slice(0, colon), password: decoded.slice(colon + 1).replace(/\0+$/, "") };
}

/** A helper that has nothing for the server says so and fails, as one does that cannot look: then there is no login. What
 *  it wrote is not repeated: it may hold a secret. */
async function askHelper(
  helper: string,
  server: string,
  environment: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<{ username: string; password: string } | null> {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(helper))
    throw new RegistryError("docker's config.json names a credential helper that can be no program");
  const file = `docker-credential-${helper}`;
  const { exitCode, stdout } = await runCommand({
    file,
    args: ["get"],
    environment,
    input: server,
    signal,
    limitMs: helperLimitMs,
  }).catch((error: unknown) => {
    signal.throwIfAborted();
    throw new RegistryError(messageOf(error));
  });
  if (exitCode !== 0) {
    if (/credentials not found/i.test(stdout)) return null;
    throw new RegistryError(`${file} failed (exit code ${exitCode}) when it was asked for the login of ${server}`);
  }
  const { Username: username, Secret: secret } = parseAnswer(stdout);
  if (typeof username !== "string" || typeof secret !== "string")
    throw new RegistryError(`${file} gave no login for ${server}`);
  if (username === "<token>") return identityLogin(secret, hostOf(server));
  return { username, password: secret };
}

function parseAnswer(text: string): { Username?: unknown; Secret?: unknown } {
  try {
    return JSON.parse(text) as { Username?: unknown };
  } catch {
    return {};
  }
}

/** A token in place of a password, which of the registries that give one (ACR) goes by this user's name. */
function identityLogin(token: string, host: string): { username: string; password: string } {
  if (host.endsWith(".azurecr.io")) return { username: "00000000-0000-0000-0000-000000000000", password: token };
  throw new RegistryError(`docker has an identity token for ${host}, which is taken of Azure alone: give a password`);
}
