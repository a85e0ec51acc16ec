import { X509Certificate } from "node:crypto";
import { type NamePattern, parseNamePattern } from "#core/access/name-pattern.ts";
import type { Config } from "#core/config.ts";
import { type Fault, SlipwayError } from "#core/errors.ts";
import { isPem, speaksPlainHttp } from "#core/registry-config.ts";
import { isRegistryHost } from "#core/registry-host.ts";
import { secretKeys } from "#core/secrets/secret-keys.ts";
import { noSecretKey } from "#core/secrets/stored-secrets.ts";
import { whyNoCloudLogin } from "./credentials/cloud-hosts.ts";
import type { RegistryAuth } from "./registry-auth.ts";
import { type RegistryRecord, registryNameLength, registryNamePattern } from "./registry-record.ts";
import { parseRepositoryTemplate, type RepositoryTemplate, templateForm } from "./repository-template.ts";

export interface RegistryInput {
  host: string;
  repository: string;
  auth: RegistryAuth;
  username: string | null;
  /** Null: the one that is stored stays, where it is still for the same user of the same host. */
  password: string | null;
  createRepositories: boolean;
  plainHttp: boolean;
  ca: string | null;
  models: string[];
}

/** Throws `registry_invalid` with every reason. `before` is what the registry was, if it was there. */
export function checkInput(
  { cloudLoginHosts, secrets }: Pick<Config, "cloudLoginHosts" | "secrets">,
  name: string,
  input: RegistryInput,
  before: RegistryRecord | null,
): { models: NamePattern[]; repository: RepositoryTemplate } {
  const faults: Fault[] = [];
  const fault = (where: string, message: string): void => void faults.push({ where, message });
  if (name.length > registryNameLength || !new RegExp(registryNamePattern).test(name))
    fault("name", "write lower-case letters and digits, in groups joined by one '-'");
  const noLogin = whyNoCloudLogin({ ...input, plainHttp: speaksPlainHttp(input) }, cloudLoginHosts);
  if (!isRegistryHost(input.host)) fault("/host", "write host or host:port, without a scheme and a path");
  else if (noLogin !== null) fault("/host", noLogin);
  const repository = parseRepositoryTemplate(input.repository);
  if (repository === null) fault("/repository", templateForm);
  checkLogin(input, before, fault);
  if (input.password !== null && secretKeys(secrets).length === 0) fault("/password", noSecretKey);
  if (input.createRepositories && input.auth !== "ecr")
    fault("/createRepositories", "only for the auth ecr: other registries make a repository with its first push");
  if (input.ca !== null && !areCertificates(input.ca))
    fault("/ca", "give certificates in PEM (-----BEGIN CERTIFICATE-----)");
  if (input.ca !== null && input.plainHttp)
    fault("/plainHttp", "without TLS there is no use for a ca: give one of the two");
  const models = [...new Set(input.models)].flatMap((text, index) => {
    try {
      return [parseNamePattern(text)];
    } catch {
      fault(`/models/${index}`, "write * for all, a model's name, or a group such as fraud.*");
      return [];
    }
  });
  if (faults.length > 0 || repository === null)
    throw new SlipwayError("registry_invalid", faults.map(({ where, message }) => `${where}: ${message}`).join("; "), {
      faults,
    });
  return { models, repository };
}

function checkLogin(
  input: RegistryInput,
  before: RegistryRecord | null,
  fault: (where: string, message: string) => void,
): void {
  const { auth, username, password } = input;
  const takesLogin = auth === "password" || auth === "ecr";
  if (!takesLogin && (username !== null || password !== null))
    fault("/username", `the auth ${auth} takes no username and no password: its login comes from elsewhere`);
  if (auth === "password" && username === null) fault("/username", "the auth password needs one");
  if (username === null && password !== null && takesLogin) fault("/username", "a password needs one");
  if (username === null || password !== null || !takesLogin) return;
  // A password that nobody can read is sent to nobody else either.
  const same =
    before?.hasPassword === true &&
    before.host === input.host &&
    before.username === username &&
    before.auth === auth &&
    before.plainHttp === speaksPlainHttp(input) &&
    before.ca === input.ca;
  if (!same)
    fault(
      "/password",
      "give it: the one that is stored stays only for the same host, plainHttp, ca, auth and username",
    );
}

/** Each of a bundle. */
function areCertificates(text: string): boolean {
  try {
    const each = text.match(/-----BEGIN CERTIFICATE-----[\s\S]*?(?:-----END CERTIFICATE-----|$)/g) ?? [];
    return isPem(text) && each.every((pem) => new X509Certificate(pem) !== null);
  } catch {
    return false;
  }
}
