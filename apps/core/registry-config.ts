import { readFileSync } from "node:fs";
import type { RegistryConfig } from "./config.ts";
import { messageOf } from "./errors.ts";
import { registryAuths } from "./images/registries/registry-auth.ts";
import {
  parseRepositoryTemplate,
  type RepositoryTemplate,
  templateForm,
} from "./images/registries/repository-template.ts";
import { isLoopback } from "./loopback.ts";
import { isRegistryHost, spellHost } from "./registry-host.ts";
import type { Settings } from "./settings.ts";

/** Whether it is reached without TLS: where that is asked for, and on loopback unless it has certificates. */
export function speaksPlainHttp({
  host,
  plainHttp,
  ca,
}: {
  host: string;
  plainHttp: boolean;
  ca: string | null;
}): boolean {
  return plainHttp || (ca === null && isLoopback(host.replace(/:\d+$/, "")));
}

export function isPem(text: string): boolean {
  return /-----BEGIN CERTIFICATE-----[\s\S]+-----END CERTIFICATE-----/.test(text);
}

/** What is trusted, one bundle of several; null where only the public authorities are. */
export function trustedBy(...bundles: (string | null)[]): string | null {
  const given = bundles.filter((pem) => pem !== null);
  return given.length === 0 ? null : given.join("\n");
}

/** `NAME_FILE` names a file of certificates; null where none is. */
function certificates(read: Settings, name: string): string | null {
  const text = read.secret(name);
  if (text === "") return null;
  if (!isPem(text)) read.problem(`${name}_FILE holds no certificate: give PEM (-----BEGIN CERTIFICATE-----)`);
  return text;
}

/** Of a company's own authorities: the file that `SLIPWAY_CA_BUNDLE` names; null where none is. */
export function caBundle(read: Settings): string | null {
  const file = read.text("SLIPWAY_CA_BUNDLE", "");
  if (file === "") return null;
  try {
    const text = readFileSync(file, "utf8");
    if (!isPem(text)) read.problem(`SLIPWAY_CA_BUNDLE names ${file}, which holds no certificate in PEM`);
    return text;
  } catch (error) {
    read.problem(`SLIPWAY_CA_BUNDLE cannot be read: ${messageOf(error)}`);
    return null;
  }
}

/** Of `SLIPWAY_CLOUD_LOGIN_HOSTS`: a proxy, an own domain, or a private endpoint before a cloud's registry. */
export function cloudLoginHosts(read: Settings): string[] {
  return read.list("SLIPWAY_CLOUD_LOGIN_HOSTS", "host or host:port, without a scheme and a path", (text) =>
    isRegistryHost(text) ? spellHost(text, { plainHttp: false }) : null,
  );
}

const everyModel = "{model}" as RepositoryTemplate;

/** The registry that is called `default`. */
export function registryConfig(read: Settings): RegistryConfig {
  const [given = "", ...path] = read.required("SLIPWAY_REGISTRY", "host[:port][/path], e.g. 127.0.0.1:5000").split("/");
  if (given !== "" && !isRegistryHost(given))
    read.problem(`SLIPWAY_REGISTRY names the host "${given}": write host[:port][/path] without a scheme`);
  const repository = parseRepositoryTemplate(path.join("/"));
  if (repository === null) read.problem(`SLIPWAY_REGISTRY has the path "${path.join("/")}": ${templateForm}`);
  const username = read.text("SLIPWAY_REGISTRY_USERNAME", "");
  const password = read.secret("SLIPWAY_REGISTRY_PASSWORD");
  if ((username === "") !== (password === ""))
    read.problem("SLIPWAY_REGISTRY_USERNAME and SLIPWAY_REGISTRY_PASSWORD go together: set both or neither");
  const auth = read.oneOf("SLIPWAY_REGISTRY_AUTH", registryAuths, username === "" ? "anonymous" : "password");
  if (auth === "password" && username === "")
    read.problem("SLIPWAY_REGISTRY_AUTH is password: set SLIPWAY_REGISTRY_USERNAME and SLIPWAY_REGISTRY_PASSWORD");
  if (auth !== "password" && auth !== "ecr" && username !== "")
    read.problem(`SLIPWAY_REGISTRY_AUTH is ${auth}, which takes no SLIPWAY_REGISTRY_USERNAME: set one of the two`);
  const ca = certificates(read, "SLIPWAY_REGISTRY_CA");
  const isPlain = read.oneOf("SLIPWAY_REGISTRY_PLAIN_HTTP", ["on", "off"], "off") === "on";
  if (isPlain && ca !== null)
    read.problem("SLIPWAY_REGISTRY_PLAIN_HTTP is on and SLIPWAY_REGISTRY_CA_FILE is set: set one of the two");
  const plainHttp = speaksPlainHttp({ host: given, plainHttp: isPlain, ca });
  return {
    host: spellHost(given, { plainHttp }),
    endpoint: endpoint(read),
    repository: repository ?? everyModel,
    auth,
    credentials: username === "" ? null : { username, password },
    createRepositories: read.oneOf("SLIPWAY_REGISTRY_CREATE_REPOSITORIES", ["on", "off"], "off") === "on",
    plainHttp,
    ca,
  };
}

function endpoint(read: Settings): string | null {
  const text = read.text("SLIPWAY_REGISTRY_ENDPOINT", "").replace(/\/$/, "");
  if (text === "") return null;
  if (!/^https?:/.test(text) || !URL.canParse(text) || new URL(text).origin !== text)
    read.problem(
      "SLIPWAY_REGISTRY_ENDPOINT is no origin: give scheme, host and port without a path or a login, such as http://registry:5000",
    );
  return text;
}
