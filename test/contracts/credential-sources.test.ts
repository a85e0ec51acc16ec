import { chmodSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { dockerConfigLogin } from "#core/images/registries/credentials/docker-config-login.ts";
import { registryLogin } from "#core/images/registries/credentials/registry-login.ts";
import type { RegistryAuth } from "#core/images/registries/registry-auth.ts";
import type { RegistryRecord } from "#core/images/registries/registry-record.ts";
import type { RepositoryTemplate } from "#core/images/registries/repository-template.ts";
import { cloudApis } from "#test/cloud-apis.ts";
import { temporaryFolder } from "#test/temporary-folder.ts";
import { waitUntil } from "#test/wait-until.ts";
import { wireRegistry } from "#test/wire-registry.ts";
import { describeCredentialSource } from "./credential-source.ts";

const { signal } = new AbortController();
const clouds = await cloudApis();

const recordOf = (auth: RegistryAuth, host: string, username: string | null = null): RegistryRecord => ({
  name: "tried",
  from: "api",
  host,
  endpoint: null,
  repository: "{model}" as RepositoryTemplate,
  auth,
  username,
  hasPassword: username !== null,
  createRepositories: auth === "ecr",
  plainHttp: true,
  ca: null,
  models: [],
  revision: 1,
  changedAt: null,
  changedBy: null,
});

/** The clouds' registries stand here. */
const anywhere = ["registry.example", "127.0.0.1"];
const noDocker = { configDir: "/nonexistent", helperEnvironment: {} };
const sourceOf = (auth: RegistryAuth, host = "registry.example", docker = noDocker) =>
  registryLogin(recordOf(auth, host), { password: null, docker, ca: null, cloudLoginHosts: anywhere }).source;

describeCredentialSource("nobody", async () => ({ source: sourceOf("anonymous"), expected: () => null, secrets: [] }));

describeCredentialSource("who set the registry up", async () => {
  const record = recordOf("password", "registry.example", "ci");
  const { source } = registryLogin(record, { password: "hunter2", docker: noDocker, ca: null, cloudLoginHosts: [] });
  return { source, expected: () => ({ username: "ci", password: "hunter2" }), secrets: ["hunter2"] };
});

const base64 = (text: string) => Buffer.from(text).toString("base64");

describeCredentialSource("docker's config.json", async () => {
  const configDir = temporaryFolder();
  const write = (password: string) =>
    writeFileSync(
      join(configDir, "config.json"),
      JSON.stringify({ auths: { "https://registry.example/v1/": { auth: base64(`ci:${password}`) } } }),
    );
  let password = "hunter2";
  write(password);
  return {
    source: sourceOf("docker-config", "registry.example", { configDir, helperEnvironment: {} }),
    expected: () => ({ username: "ci", password }),
    change: () => {
      password = "changed:with a colon";
      write(password);
    },
    break: () => writeFileSync(join(configDir, "config.json"), `{"auths": "hunter2`),
    secrets: ["hunter2"],
  };
});

/** A helper as `docker-credential-helpers` describes one. */
function helperFolder(script: string): { configDir: string; helperEnvironment: Record<string, string> } {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "docker-credential-test"), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, "docker-credential-test"), 0o755);
  writeFileSync(join(folder, "config.json"), JSON.stringify({ credHelpers: { "registry.example": "test" } }));
  return { configDir: folder, helperEnvironment: { PATH: `${folder}:${process.env["PATH"]}` } };
}

describeCredentialSource("a credential helper", async () => {
  const docker = helperFolder(
    `read -r server; [ "$1 $server" = "get registry.example" ] || exit 3; . "$(dirname "$0")/secret"`,
  );
  let password = "hunter2";
  const write = () =>
    writeFileSync(
      join(docker.configDir, "secret"),
      `echo '{"ServerURL": "registry.example", "Username": "ci", "Secret": "${password}"}'`,
    );
  write();
  return {
    source: sourceOf("docker-config", "registry.example", docker),
    expected: () => ({ username: "ci", password }),
    change: () => {
      password = "another";
      write();
    },
    break: () => writeFileSync(join(docker.configDir, "secret"), "echo hunter2; echo hunter2 >&2; exit 1"),
    secrets: ["hunter2"],
  };
});

const ofCloud = (auth: "ecr" | "google", username: string) => async () => {
  clouds.broken = false;
  return {
    source: sourceOf(auth),
    expected: () => ({ username, password: [...clouds.logins].at(-1) ?? "" }),
    change: () => {},
    break: () => {
      clouds.broken = true;
    },
    secrets: ["secret-of-the-chain"],
  };
};
describeCredentialSource("AWS, as its API is documented", ofCloud("ecr", "AWS"));

describeCredentialSource("Azure, as its registry's exchange is documented", async () => {
  clouds.broken = false;
  let takes = true;
  const registry = await wireRegistry({
    way: "token",
    fault(request, response) {
      if (request.url !== "/oauth2/exchange") return false;
      let form = "";
      request.on("data", (chunk) => {
        form += String(chunk);
      });
      request.on("end", () => {
        const asked = new URLSearchParams(form);
        const login = asked.get("access_token") ?? "";
        const right = takes && asked.get("grant_type") === "access_token" && clouds.logins.has(login);
        const claims = Buffer.from(JSON.stringify({ exp: Date.now() / 1_000 + 10_800 })).toString("base64url");
        response.writeHead(right ? 200 : 401).end(JSON.stringify({ refresh_token: `e30.${claims}.${login}` }));
      });
      return true;
    },
  });
  return {
    source: sourceOf("azure", registry.host),
    expected: () => ({
      username: "00000000-0000-0000-0000-000000000000",
      password: expect.stringMatching(/^e30\..*\.azure-token-\d+$/) as unknown as string,
    }),
    change: () => {},
    break: () => {
      takes = false; // Azure's own SDK keeps its token
    },
    secrets: ["azure-test-header", "azure-token"],
  };
});

describeCredentialSource("Google, as its metadata server is documented", ofCloud("google", "oauth2accesstoken"));

describe("a cloud's login", () => {
  const { asked } = clouds;
  it.each([
    ["ecr", "registry.example"],
    ["ecr", "123456789012.dkr.ecr.eu-west-1.amazonaws.com.evil.example"],
    ["google", "evil-pkg.dev"],
    ["google", "europe-west3-docker.pkg.dev:8443"],
    ["azure", "azurecr.io.evil.example"],
    ["azure", "company.azurecr.io"], // without TLS
  ] as const)("of %s is fetched for no other host, nor without TLS: %s", async (auth, host) => {
    const before = asked.length;
    const needs = { password: null, docker: noDocker, ca: null, cloudLoginHosts: [] };
    const { source } = registryLogin(recordOf(auth, host), needs);
    await expect(source.login(signal)).rejects.toThrow(`the auth ${auth} `);
    expect(asked.length).toBe(before);
  });
});

describe("docker's logins", () => {
  it("are anonymous where docker has none for the registry, though it has some for others", async () => {
    const configDir = temporaryFolder();
    const auths = {
      "other.example": { auth: base64("ci:hunter2") },
      "https://index.docker.io/v1/": { auth: base64("hub:pw") },
    };
    writeFileSync(join(configDir, "config.json"), JSON.stringify({ auths }));
    const docker = { configDir, helperEnvironment: {} };
    expect(await sourceOf("docker-config", "registry.example", docker).login(signal)).toBeNull();
    expect(await sourceOf("docker-config", "registry-1.docker.io", docker).login(signal)).toMatchObject({
      username: "hub",
    });
  });

  it("are anonymous where the helper has none", async () => {
    const docker = helperFolder('echo "credentials not found in native keychain"; exit 1');
    expect(await sourceOf("docker-config", "registry.example", docker).login(signal)).toBeNull();
  });

  it("come from no program but a credential helper", async () => {
    const docker = helperFolder("exit 0");
    writeFileSync(join(docker.configDir, "config.json"), JSON.stringify({ credsStore: "../../bin/sh" }));
    await expect(sourceOf("docker-config", "registry.example", docker).login(signal)).rejects.toThrow(
      "can be no program",
    );
  });

  it("are not waited for when who asks has no more time, and the helper is ended", async () => {
    const docker = helperFolder('echo $$ > "$(dirname "$0")/pid"; exec sleep 60');
    const asking = new AbortController();
    const login = dockerConfigLogin(docker, "registry.example", asking.signal);
    const pid = await waitUntil("the helper runs", async () =>
      Number(/^\d+(?=\n)/.exec(await readFile(join(docker.configDir, "pid"), "utf8").catch(() => ""))),
    );
    asking.abort(new Error("no more time"));
    await expect(login).rejects.toThrow("no more time");
    expect(() => process.kill(pid, 0)).toThrow("ESRCH");
  });
});
