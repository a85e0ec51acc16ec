import { execFileSync } from "node:child_process";
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { pipeline } from "node:stream";
import { gzipSync } from "node:zlib";
import { digestOf } from "#core/artifacts/digest.ts";
import { tarOf } from "./tar-of.ts";
import { whenDone } from "./when-done.ts";

export interface Login {
  username: string;
  password: string;
}

/** A part of a company's network that lets in by name and password. */
export interface Guarded {
  /** With the login in it. */
  url: string;
  /** `METHOD path` of each request that was let in. */
  seen: string[];
  /** Answered from now on, with the whole address in the words, where a path has this in it; null: as it should be. */
  failWith(status: number | null, path?: string): void;
}

/** An archive of sources, by its file's name. */
export type Sdists = Readonly<Record<string, Buffer>>;

/** Where both this machine and containers reach a server of this machine: the engine's own address on its bridge. */
export function addressForContainers(): string {
  const args = ["network", "inspect", "bridge", "--format", "{{json (index .IPAM.Config 0)}}"];
  const found = JSON.parse(execFileSync("docker", args).toString()) as { Gateway?: string; Subnet: string };
  // The first engine since the machine came up, which has made the bridge, does not say that it took the first address.
  return found.Gateway ?? found.Subnet.replace(/(\d+)\/\d+$/, (_, last) => String(Number(last) + 1));
}

/** `name-version.tar.gz` with these files in its folder. */
export async function sdistOf(name: string, files: Readonly<Record<string, string>>): Promise<Buffer> {
  const entries = Object.entries(files).map(([path, text]) => [`${name}/${path}`, Buffer.from(text)] as const);
  return gzipSync(await tarOf(Object.fromEntries(entries)));
}

/** A package index of PEP 503 that has some sources alone; all else it leads on to PyPI for. */
export async function packageIndex(address: string, login: Login, sdists: Sdists = {}): Promise<Guarded> {
  return guarded(address, login, "/simple/", (incoming, response) => {
    const path = decodeURIComponent(incoming.url ?? "");
    const file = sdists[path.replace("/files/", "")];
    const [, project = ""] = /^\/simple\/([^/]+)\/$/.exec(path) ?? [];
    const own = Object.entries(sdists).filter(([name]) => name.startsWith(`${project}-`));
    if (path.startsWith("/files/") && file !== undefined) response.end(file);
    else if (project === "") response.writeHead(404).end();
    else if (own.length === 0) response.writeHead(302, { location: `https://pypi.org${path}` }).end();
    else {
      const links = own.map(
        ([name, bytes]) => `<a href="../../files/${name}#${digestOf(bytes).replace(":", "=")}">${name}</a>`,
      );
      response.writeHead(200, { "content-type": "text/html" }).end(links.join("\n"));
    }
  });
}

/** A mirror of Debian. */
export async function debianMirror(address: string, login: Login): Promise<Guarded> {
  return guarded(address, login, "/debian", (incoming, response) => {
    response.writeHead(302, { location: `http://deb.debian.org${incoming.url}` }).end();
  });
}

/** A proxy as companies have them: absolute addresses, and tunnels by CONNECT. */
export async function httpProxy(address: string, login: Login): Promise<Guarded> {
  const seen: string[] = [];
  const fault = faults();
  const authorization = basic(login);
  const refusal = ({ headers, url = "" }: IncomingMessage): number | null =>
    headers["proxy-authorization"] === authorization ? fault.of(url) : 407;
  const server = createServer((incoming, response) => {
    const status = refusal(incoming);
    if (status !== null) return void response.writeHead(status, { "proxy-authenticate": "Basic" }).end("no");
    seen.push(`${incoming.method} ${incoming.url}`);
    const { "proxy-authorization": _, ...headers } = incoming.headers;
    const onward = request(incoming.url ?? "", { method: incoming.method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      pipeline(answer, response, () => {});
    });
    onward.on("error", () => response.destroy());
    incoming.pipe(onward);
  });
  server.on("connect", (incoming, near) => {
    near.on("error", () => {});
    const status = refusal(incoming);
    if (status !== null) return void near.end(`HTTP/1.1 ${status} no\r\nProxy-Authenticate: Basic\r\n\r\n`);
    seen.push(`CONNECT ${incoming.url}`);
    const [host = "", port] = (incoming.url ?? "").split(":");
    const far = connect(Number(port), host, () => near.write("HTTP/1.1 200 OK\r\n\r\n"));
    far.on("error", () => near.destroy());
    near.pipe(far).pipe(near);
    whenDone(() => far.destroy());
  });
  const at = await listen(server, address);
  return { url: withLogin(`http://${at}`, login), seen, failWith: fault.set };
}

async function guarded(
  address: string,
  login: Login,
  path: string,
  answer: (incoming: IncomingMessage, response: ServerResponse) => void,
): Promise<Guarded> {
  const seen: string[] = [];
  const fault = faults();
  const server = createServer((incoming, response) => {
    if (incoming.headers.authorization !== basic(login))
      return void response.writeHead(401, { "www-authenticate": 'Basic realm="company"' }).end("no");
    const status = fault.of(incoming.url ?? "");
    if (status !== null) return void response.writeHead(status).end(`no ${url}${incoming.url}`);
    seen.push(`${incoming.method} ${incoming.url}`);
    answer(incoming, response);
  });
  const url = withLogin(`http://${await listen(server, address)}${path}`, login);
  return { url, seen, failWith: fault.set };
}

function faults(): { set: Guarded["failWith"]; of(path: string): number | null } {
  let given: { status: number | null; path: string } = { status: null, path: "" };
  return {
    set(status, path = "") {
      given = { status, path };
    },
    of: (path) => (path.includes(given.path) ? given.status : null),
  };
}

function basic({ username, password }: Login): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

function withLogin(url: string, { username, password }: Login): string {
  const given = new URL(url);
  given.username = encodeURIComponent(username);
  given.password = encodeURIComponent(password);
  return given.href;
}

async function listen(server: Server, address: string): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  whenDone(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return `${address}:${(server.address() as AddressInfo).port}`;
}
