import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { digestOf } from "#core/artifacts/digest.ts";
import { whenDone } from "./when-done.ts";

/*
 * A registry in memory that keeps to the distribution specification, and to what one kind of registry is documented to do
 * beside it. It is strict where the real ones are: a digest must be that of the bytes, an upload's state must come back as
 * it was given, a token must hold for what is done, and where bytes are elsewhere no credentials may come along.
 */
export interface WireOptions {
  /** How it lets in: whoever asks, by name and password, or by a token that those are exchanged for. */
  way: "open" | "basic" | "token";
  isLogin?: (username: string, password: string) => boolean;
  /** Whether anybody may read. */
  publicReads?: boolean;
  /** Path of the token server, and whether it is another host. */
  tokenPath?: string;
  tokensElsewhere?: boolean;
  /** Only these repositories take pushes, where they have to be made first. */
  repositories?: Set<string>;
  mounts?: boolean;
  deletes?: boolean;
  /** Reading a blob redirects to its storage. */
  readsElsewhere?: boolean;
  /** Sending one does. */
  writesElsewhere?: boolean;
  /** Where an upload goes on; of what is not below `/v2/`. */
  uploadPath?: (repository: string, id: string) => string;
  /** Comes before all else; true where it has dealt with the request. */
  fault?: (request: IncomingMessage, response: ServerResponse) => boolean;
}

export interface WireRegistry {
  host: string;
  options: WireOptions;
  /** `METHOD path` of all that came, without the query. */
  seen: string[];
  /** Scopes of the tokens that were given out. */
  scopes: string[][];
  /** Bytes of blobs that were sent. */
  sentBytes: number;
  manifests: Map<string, Buffer>;
  blobs: Map<string, Buffer>;
  /** Takes all tokens back. */
  revokeTokens(): void;
}

interface Upload {
  repository: string;
  state: string;
}

export async function wireRegistry(options: WireOptions): Promise<WireRegistry> {
  const tokens = new Map<string, string[]>();
  const uploads = new Map<string, Upload>();
  const registry: WireRegistry = {
    host: "",
    options,
    seen: [],
    scopes: [],
    sentBytes: 0,
    manifests: new Map(),
    blobs: new Map(),
    revokeTokens: () => tokens.clear(),
  };
  const storage = await listen(async (request, response) => {
    // As S3: a signed address and a header that also wants to let in are one too many.
    if (request.headers.authorization !== undefined) return refuse(response, 400, "InvalidArgument");
    const [, kind, key = ""] = new URL(request.url ?? "", "http://x").pathname.split("/");
    if (kind === "blob") return giveBlob(request, response, registry.blobs.get(decodeURIComponent(key)));
    return finishUpload(request, response, new URL(request.url ?? "", "http://x"));
  });
  const tokenServer = options.tokensElsewhere === true ? await listen(giveToken) : null;
  registry.host = await listen(async (request, response) => {
    const url = new URL(request.url ?? "", "http://x");
    registry.seen.push(`${request.method} ${url.pathname}`);
    if (options.fault?.(request, response)) return request.resume();
    if (tokenServer === null && url.pathname === (options.tokenPath ?? "/token")) return giveToken(request, response);
    if (url.pathname === "/v2/") return lets(request, null) ? response.end("{}") : challenge(response, null);
    if (!url.pathname.startsWith("/v2/")) return finishUpload(request, response, url);
    const [, repository = "", kind = "", rest = ""] =
      /^\/v2\/(.+)\/(blobs\/uploads|blobs|manifests)\/(.*)$/.exec(url.pathname) ?? [];
    const action = request.method === "GET" || request.method === "HEAD" ? "pull" : "push";
    const scope = `repository:${repository}:${request.method === "DELETE" ? "delete" : action}`;
    if (!lets(request, scope)) return challenge(response, scope);
    if (action === "push" && options.repositories?.has(repository) === false)
      return refuse(response, 404, "NAME_UNKNOWN", `The repository with name '${repository}' does not exist`);
    if (request.method === "DELETE") return remove(response, `${repository}/${rest}`, kind);
    if (kind === "blobs/uploads" && request.method === "POST") return startUpload(response, repository, url, request);
    if (kind === "blobs/uploads") return finishUpload(request, response, url);
    if (kind === "manifests") return manifest(request, response, repository, rest);
    if (registry.blobs.has(`${repository}/${rest}`) && options.readsElsewhere === true) {
      const location = `http://${storage}/blob/${encodeURIComponent(`${repository}/${rest}`)}?X-Amz-Signature=1`;
      return response.writeHead(307, { location }).end();
    }
    return giveBlob(request, response, registry.blobs.get(`${repository}/${rest}`));
  });
  return registry;

  function lets(request: IncomingMessage, scope: string | null): boolean {
    const { authorization } = request.headers;
    if (options.way === "open") return true;
    if (scope?.endsWith(":pull") && options.publicReads === true && authorization === undefined)
      return options.way === "basic";
    if (options.way === "basic") return isLogin(authorization);
    const granted = tokens.get(authorization?.replace(/^Bearer /, "") ?? "");
    return granted !== undefined && (scope === null || granted.includes(scope));
  }

  function isLogin(authorization: string | undefined): boolean {
    const [scheme, value = ""] = authorization?.split(" ") ?? [];
    const decoded = Buffer.from(value, "base64").toString();
    const colon = decoded.indexOf(":");
    return scheme === "Basic" && options.isLogin?.(decoded.slice(0, colon), decoded.slice(colon + 1)) === true;
  }

  function challenge(response: ServerResponse, scope: string | null): unknown {
    const realm = `http://${tokenServer ?? registry.host}${options.tokenPath ?? "/token"}`;
    const bearer = `Bearer realm="${realm}",service="wire"${scope === null ? "" : `,scope="${scope}"`}`;
    response.setHeader("www-authenticate", options.way === "basic" ? 'Basic realm="wire"' : bearer);
    return refuse(response, 401, "UNAUTHORIZED", "authentication required");
  }

  async function giveToken(request: IncomingMessage, response: ServerResponse): Promise<unknown> {
    const { authorization } = request.headers;
    if (authorization !== undefined && !isLogin(authorization)) return refuse(response, 401, "UNAUTHORIZED");
    const asked = new URL(request.url ?? "", "http://x").searchParams.getAll("scope");
    registry.scopes.push(asked);
    const granted = asked.flatMap((scope) => {
      const [type, name, actions = ""] = scope.split(":");
      return actions
        .split(",")
        .filter((action) => authorization !== undefined || (action === "pull" && options.publicReads === true))
        .map((action) => `${type}:${name}:${action}`);
    });
    const token = randomUUID();
    tokens.set(token, granted);
    return response.end(JSON.stringify({ token, access_token: token, expires_in: 300 }));
  }

  function startUpload(response: ServerResponse, repository: string, url: URL, request: IncomingMessage): unknown {
    const [mount, from] = [url.searchParams.get("mount"), url.searchParams.get("from")];
    const known = registry.blobs.get(`${from}/${mount}`);
    if (known !== undefined && options.mounts === true && lets(request, `repository:${from}:pull`)) {
      registry.blobs.set(`${repository}/${mount}`, known);
      return response.writeHead(201, { location: `/v2/${repository}/blobs/${mount}` }).end();
    }
    const [id, state] = [randomUUID(), `${randomUUID()}+/=`];
    uploads.set(id, { repository, state });
    const path = options.uploadPath?.(repository, id) ?? `/v2/${repository}/blobs/uploads/${id}`;
    return response.writeHead(202, { location: `${path}?_state=${encodeURIComponent(state)}` }).end();
  }

  async function finishUpload(request: IncomingMessage, response: ServerResponse, url: URL): Promise<unknown> {
    const upload = uploads.get(url.pathname.split("/").at(-1) ?? "");
    if (upload === undefined || url.searchParams.get("_state") !== upload.state)
      return refuse(response, 404, "BLOB_UPLOAD_UNKNOWN");
    // One PUT with its length: what all of them take. Chunks they take each in another way, or in none.
    if (request.method !== "PUT" || request.headers["content-length"] === undefined)
      return refuse(response, 400, "UNSUPPORTED");
    if (options.writesElsewhere === true && request.headers.host !== storage) {
      request.resume();
      return response.writeHead(307, { location: `http://${storage}${request.url}` }).end();
    }
    const bytes = await buffer(request);
    const digest = url.searchParams.get("digest");
    if (digestOf(bytes) !== digest) return refuse(response, 400, "DIGEST_INVALID");
    registry.blobs.set(`${upload.repository}/${digest}`, bytes);
    registry.sentBytes += bytes.length;
    return response.writeHead(201, { location: `/v2/${upload.repository}/blobs/${digest}` }).end();
  }

  async function manifest(
    request: IncomingMessage,
    response: ServerResponse,
    repository: string,
    reference: string,
  ): Promise<unknown> {
    if (request.method === "PUT") {
      const bytes = await buffer(request);
      const { config, layers } = JSON.parse(bytes.toString()) as Record<"config", { digest: string }> &
        Record<"layers", { digest: string }[]>;
      const missing = [config, ...layers].some((blob) => !registry.blobs.has(`${repository}/${blob.digest}`));
      if (missing) return refuse(response, 400, "MANIFEST_BLOB_UNKNOWN");
      const digest = digestOf(bytes);
      for (const name of [reference, digest]) registry.manifests.set(`${repository}/${name}`, bytes);
      return response.writeHead(201, { "docker-content-digest": digest }).end();
    }
    const bytes = registry.manifests.get(`${repository}/${reference}`);
    if (bytes === undefined) return refuse(response, 404, "MANIFEST_UNKNOWN");
    const { mediaType } = JSON.parse(bytes.toString()) as { mediaType: string };
    return response.writeHead(200, { "content-type": mediaType }).end(bytes);
  }

  function remove(response: ServerResponse, key: string, kind: string): unknown {
    if (options.deletes !== true) return refuse(response, 405, "UNSUPPORTED", "The operation is unsupported.");
    const known = (kind === "manifests" ? registry.manifests : registry.blobs).delete(key);
    return known ? response.writeHead(202).end() : refuse(response, 404, "MANIFEST_UNKNOWN");
  }
}

function giveBlob(request: IncomingMessage, response: ServerResponse, bytes: Buffer | undefined): unknown {
  if (bytes === undefined) return refuse(response, 404, "BLOB_UNKNOWN");
  if (request.headers.range !== "bytes=0-0")
    return response.writeHead(200, { "content-length": bytes.length }).end(bytes);
  const range = { "content-range": `bytes 0-0/${bytes.length}`, "content-length": "1" };
  return response.writeHead(206, range).end(bytes.subarray(0, 1));
}

function refuse(response: ServerResponse, status: number, code: string, message = code): unknown {
  response.writeHead(status, { "content-type": "application/json" });
  return response.end(JSON.stringify({ errors: [{ code, message }] }));
}

async function listen(answer: (request: IncomingMessage, response: ServerResponse) => unknown): Promise<string> {
  const server = createServer((request, response) => {
    Promise.resolve(answer(request, response)).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  whenDone(() => {
    server.closeAllConnections();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}
