import type { DockerConfig } from "#core/config.ts";
import { anonymous, type CredentialSource, fixedLogin } from "../../registry-client/credential-source.ts";
import { RegistryError } from "../../registry-client/registry-error.ts";
import { defaultRegistry, type RegistryRecord } from "../registry-record.ts";
import { azureLogin } from "./azure-login.ts";
import { whyNoCloudLogin } from "./cloud-hosts.ts";
import { dockerConfigLogin } from "./docker-config-login.ts";
import { createEcrRepository, deleteEcrRepository, ecrLogin } from "./ecr-login.ts";
import { googleLogin } from "./google-login.ts";
import { heldLogin } from "./held-login.ts";

/** Makes and removes a repository; both are no error where there is nothing to do. */
export interface RepositoryMaker {
  create(path: string, signal: AbortSignal): Promise<void>;
  remove(path: string, signal: AbortSignal): Promise<void>;
}

export interface RegistryLogin {
  source: CredentialSource;
  /** Null where repositories come with their first push, or are made by others. */
  repositories: RepositoryMaker | null;
}

export interface LoginNeeds {
  password: string | null;
  docker: DockerConfig;
  ca: string | null;
  /** Hosts that a cloud's login may go to beside the cloud's own. */
  cloudLoginHosts: readonly string[];
}

/** The credential source that a registry's settings ask for. One that was set by the API gets no cloud's login at a host
 *  that is not the cloud's. */
export function registryLogin(
  record: RegistryRecord,
  { password, docker, ca, cloudLoginHosts }: LoginNeeds,
): RegistryLogin {
  const { host, auth, username, plainHttp } = record;
  const ofSettings = record.name === defaultRegistry;
  const given = username === null || password === null ? null : { username, password };
  const only = (source: CredentialSource): RegistryLogin => ({ source, repositories: null });
  const where = ofSettings
    ? "SLIPWAY_REGISTRY_USERNAME and SLIPWAY_REGISTRY_PASSWORD"
    : `username and password of the registry ${record.name}`;
  const refusal = ofSettings ? null : whyNoCloudLogin(record, cloudLoginHosts);
  if (refusal !== null)
    return only(
      heldLogin(`another host for the registry ${record.name}`, () => Promise.reject(new RegistryError(refusal))),
    );
  switch (auth) {
    case "anonymous":
      return only({ ...anonymous, kept: where });
    case "password":
      return only(fixedLogin(given, where));
    case "docker-config":
      return only(
        heldLogin(
          `docker's login for ${host} (docker login, or a credential helper, in ${docker.configDir})`,
          (signal) => dockerConfigLogin(docker, host, signal),
        ),
      );
    case "google":
      return only(heldLogin("Google's application default credentials", googleLogin));
    case "azure":
      return only(heldLogin("Azure's credentials", (signal) => azureLogin({ host, plainHttp, ca }, signal)));
    case "ecr": {
      const access = { host, accessKey: given };
      return {
        source: heldLogin("the AWS credentials", (signal) => ecrLogin(access, signal)),
        repositories: record.createRepositories
          ? {
              create: (path, signal) => createEcrRepository(access, path, signal),
              remove: (path, signal) => deleteEcrRepository(access, path, signal),
            }
          : null,
      };
    }
  }
}
