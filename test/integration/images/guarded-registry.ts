import { execFileSync } from "node:child_process";
import { createPrivateKey, randomUUID, sign, X509Certificate } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

import { stringify } from "yaml";
import { startChild } from "#standalone/child.ts";
import { freePort } from "#standalone/free-port.ts";
import { openLedger } from "#standalone/ledger.ts";
import { waitForHttp } from "#standalone/wait-for-http.ts";
import { temporaryFolder } from "#test/temporary-folder.ts";
import { whenDone } from "#test/when-done.ts";

export const login = { username: "ci", password: "plant/registry+password=5b21c7" };

/** bcrypt of the password, as htpasswd writes it. */
const htpasswdLine = "ci:$2b$04$V4iM0M1so2fQt5CxFuIENueZ2zvIrb2baxN9uw97QSyXUK6Vruhza\n";

/** A real registry that lets in by name and password; ended with the file or `describe`. */
export async function passwordRegistry(storage: object = {}): Promise<string> {
  const folder = temporaryFolder();
  return startRegistry(folder, htpasswd(folder), { storage });
}

/** The same, with a certificate of an authority that nobody knows. */
export async function tlsRegistry(): Promise<{ host: string; ca: string }> {
  const folder = temporaryFolder();
  const [caKey, ca, key, request, certificate] = ["ca.key", "ca.pem", "key", "request", "pem"].map((name) =>
    join(folder, name),
  ) as [string, string, string, string, string];
  const extensions = join(folder, "extensions");
  writeFileSync(extensions, "subjectAltName=IP:127.0.0.1\n");
  const openssl = (...args: string[]) => execFileSync("openssl", args, { stdio: "ignore" });
  const newKey = (path: string) => ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", path];
  openssl("req", "-x509", ...newKey(caKey), "-out", ca, "-subj", "/CN=company CA", "-days", "2");
  openssl("req", "-new", ...newKey(key), "-out", request, "-subj", "/CN=registry");
  const authority = ["-CA", ca, "-CAkey", caKey, "-CAcreateserial"];
  openssl("x509", "-req", "-in", request, ...authority, "-out", certificate, "-days", "2", "-extfile", extensions);
  const host = await startRegistry(folder, htpasswd(folder), { tls: { certificate, key } });
  return { host, ca: readFileSync(ca, "utf8") };
}

function htpasswd(folder: string): object {
  writeFileSync(join(folder, "htpasswd"), htpasswdLine);
  return { htpasswd: { realm: "test", path: join(folder, "htpasswd") } };
}

export interface TokenRegistry {
  host: string;
  /** The scopes of every token that was given out. */
  scopes: string[];
}

/** A real registry that wants the tokens of a token server, and that server: it gives the login above all it asks for,
 *  and anybody else what reads. */
export async function tokenRegistry(): Promise<TokenRegistry> {
  const folder = temporaryFolder();
  const [key, certificate] = [join(folder, "key.pem"), join(folder, "certificate.pem")];
  const subject = ["-subj", "/CN=slipway test", "-days", "2"];
  execFileSync(
    "openssl",
    ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, ...subject],
    { stdio: "ignore" },
  );
  const scopes: string[] = [];
  const signer = {
    key: readFileSync(key, "utf8"),
    chain: [new X509Certificate(readFileSync(certificate)).raw.toString("base64")],
  };
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://token");
    const asked = url.searchParams.getAll("scope");
    scopes.push(...asked);
    const writer = isLogin(request);
    if (request.headers.authorization !== undefined && !writer) {
      response.writeHead(401).end();
      return;
    }
    const access = asked.map((scope) => {
      const [type, name, actions = ""] = scope.split(":");
      return { type, name, actions: actions.split(",").filter((action) => writer || action === "pull") };
    });
    response.end(JSON.stringify({ token: jwt(signer, access), expires_in: 60 }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  whenDone(() => {
    server.closeAllConnections();
    server.close();
  });
  const realm = `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`;
  const host = await startRegistry(folder, {
    token: { realm, service: "test", issuer: "test", rootcertbundle: certificate },
  });
  return { host, scopes };
}

async function startRegistry(
  folder: string,
  auth: object,
  { storage = {}, tls }: { storage?: object; tls?: { certificate: string; key: string } } = {},
): Promise<string> {
  const host = `127.0.0.1:${await freePort()}`;
  const settings = {
    version: "0.1",
    log: { level: "error", accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(folder, "images") }, delete: { enabled: true }, ...storage },
    http: { addr: host, secret: randomUUID(), ...(tls === undefined ? {} : { tls }) },
    auth,
  };
  writeFileSync(join(folder, "registry.yml"), stringify(settings));
  const program = {
    name: "registry",
    command: "docker-registry",
    args: ["serve", join(folder, "registry.yml")],
    stopSignal: "SIGTERM" as const,
  };
  const child = await startChild(program, { ledger: openLedger(join(folder, "processes.json")) });
  whenDone(() => child.stop(2_000));
  // With TLS it answers plain http too, with 400.
  const ready = (status: number) => status === (tls === undefined ? 401 : 400);
  await waitForHttp(child, `http://${host}/v2/`, { ready, timeoutMs: 60_000 });
  return host;
}

function isLogin(request: IncomingMessage): boolean {
  const [scheme, value = ""] = request.headers.authorization?.split(" ") ?? [];
  return scheme === "Basic" && Buffer.from(value, "base64").toString() === `${login.username}:${login.password}`;
}

/** A registry token (https://distribution.github.io/distribution/spec/auth/jwt/). */
function jwt(signer: { key: string; chain: string[] }, access: object[]): string {
  const now = Math.floor(Date.now() / 1_000);
  const claims = {
    iss: "test",
    sub: "ci",
    aud: "test",
    iat: now,
    nbf: now - 10,
    exp: now + 60,
    jti: randomUUID(),
    access,
  };
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const unsigned = `${part({ typ: "JWT", alg: "RS256", x5c: signer.chain })}.${part(claims)}`;
  return `${unsigned}.${sign("sha256", Buffer.from(unsigned), createPrivateKey(signer.key)).toString("base64url")}`;
}
