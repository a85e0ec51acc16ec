import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { afterEach, describe, expect, it } from "vitest";
import { digestOf } from "#core/artifacts/digest.ts";
import { blobSize, pullBlob, pullDocument, pushBlob } from "./blobs.ts";
import { openRegistryClient, type RegistryClient } from "./client.ts";
import { fixedLogin } from "./credential-source.ts";
import { pullManifest, pushManifest } from "./manifests.ts";
import type { TransportLimits } from "./transport.ts";

/* Servers that answer what no real registry can be brought to answer on demand. */
type Answerer = (request: IncomingMessage, response: ServerResponse, body: string) => void;

const servers: Server[] = [];
const clients: RegistryClient[] = [];
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function listen(answer: Answerer): Promise<string> {
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => {
      body += String(chunk);
    });
    request.on("end", () => answer(request, response, body));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const kept = "SLIPWAY_REGISTRY_USERNAME and SLIPWAY_REGISTRY_PASSWORD";
const credentials = { username: "ci", password: "hunter2" };
function connect(host: string, options: { login?: boolean; limits?: Partial<TransportLimits> } = {}): RegistryClient {
  const client = openRegistryClient({
    host,
    ...(options.login === false ? {} : { login: fixedLogin(credentials, kept) }),
    limits: options.limits ?? {},
  });
  clients.push(client);
  return client;
}

const { signal } = new AbortController();
const blob = Buffer.from("layer bytes");
const upload = { digest: digestOf(blob), sizeBytes: blob.length, open: async () => Readable.from([blob]) };

describe("a registry that is reached at another address than its name", () => {
  it("is asked there alone, also where it gives its own address back", async () => {
    const seen: (string | undefined)[] = [];
    const address = await listen((request, response) => {
      seen.push(`${request.method} ${request.headers.host}`);
      if (request.method === "POST")
        response.writeHead(202, { location: `http://${request.headers.host}/v2/churn/blobs/uploads/1?state=x` });
      if (request.method === "PUT") response.writeHead(201);
      response.end();
    });
    const client = openRegistryClient({
      host: "registry.invalid:5000", // a name that resolves nowhere (RFC 6761)
      endpoint: `http://${address}`,
    });
    clients.push(client);
    await pushBlob(client, "churn", upload, signal);
    expect(seen).toEqual([`GET ${address}`, `POST ${address}`, `PUT ${address}`]);
    expect(client.host).toBe("registry.invalid:5000");
  });
});

describe("logging in with a token", () => {
  /** A registry that wants a token of its own token server, and notes what each was asked. */
  async function tokenRegistry(lifetime: Record<string, unknown> = {}) {
    const seen = {
      scopes: [] as string[][],
      logins: [] as (string | undefined)[],
      tokens: [] as (string | undefined)[],
    };
    const realm = await listen((request, response) => {
      const url = new URL(request.url ?? "", "http://x");
      seen.scopes.push(url.searchParams.getAll("scope"));
      seen.logins.push(request.headers.authorization);
      response.end(JSON.stringify({ access_token: `token-${seen.scopes.length}`, ...lifetime }));
    });
    const host = await listen((request, response) => {
      seen.tokens.push(request.headers.authorization);
      if (request.headers.authorization === undefined || request.headers.authorization === "Bearer token-revoked") {
        response.writeHead(401, {
          "www-authenticate": `Bearer realm="http://${realm}/token",service="reg",scope="ignored"`,
        });
        response.end();
      } else if (request.method === "POST") response.writeHead(202, { location: "/v2/up/1?_state=abc" }).end();
      else if (request.method === "PUT") response.writeHead(201).end();
      else response.writeHead(200, { "content-length": "11" }).end(blob);
    });
    return { host, seen };
  }

  it("asks for the scope to push before it sends a byte, and once for a repository", async () => {
    const { host, seen } = await tokenRegistry();
    const client = connect(host);
    await pushBlob(client, "churn", upload, signal);
    await pushBlob(client, "churn", upload, signal);
    await blobSize(client, "churn", upload.digest, "pull", signal);
    expect(seen.scopes).toEqual([["repository:churn:pull,push"], ["repository:churn:pull"]]);
    expect(seen.logins[0]).toBe(`Basic ${Buffer.from("ci:hunter2").toString("base64")}`);
    expect(seen.tokens.slice(1).every((header) => header?.startsWith("Bearer token-"))).toBe(true);
  });

  it("asks for the other repository too where it mounts from one", async () => {
    const { host, seen } = await tokenRegistry();
    await pushBlob(connect(host), "churn", { ...upload, mountFrom: "iris" }, signal);
    expect(seen.scopes[0]).toEqual(["repository:churn:pull,push", "repository:iris:pull"]);
  });

  it("asks anonymously without credentials", async () => {
    const { host, seen } = await tokenRegistry();
    await blobSize(connect(host, { login: false }), "churn", upload.digest, "pull", signal);
    expect(seen.logins).toEqual([undefined]);
  });

  it("takes a new token when the old one's time is over", async () => {
    const { host, seen } = await tokenRegistry({ expires_in: 0.02 });
    const client = connect(host);
    await blobSize(client, "churn", upload.digest, "pull", signal);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await blobSize(client, "churn", upload.digest, "pull", signal);
    expect(seen.scopes).toHaveLength(2);
  });

  it("takes a new token when a fresh one is refused, once", async () => {
    let given = 0;
    const realm = await listen((_, response) => {
      given += 1;
      response.end(JSON.stringify({ token: given === 1 ? "early" : "good" }));
    });
    const host = await listen((request, response) => {
      if (request.headers.authorization === "Bearer good")
        response.writeHead(200, { "content-length": "11" }).end(blob);
      else response.writeHead(401, { "www-authenticate": `Bearer realm="http://${realm}"` }).end();
    });
    expect(await blobSize(connect(host), "churn", upload.digest, "pull", signal)).toBe(11);
    expect(given).toBe(2);
  });

  it("sends credentials nowhere by plain http but on loopback", async () => {
    const host = await listen((_, response) => {
      response.writeHead(401, { "www-authenticate": 'Bearer realm="http://auth.company/token"' }).end();
    });
    await expect(blobSize(connect(host), "churn", upload.digest, "pull", signal)).rejects.toThrow(
      `registry ${host} sends for a token to http://auth.company: credentials go by https only`,
    );
  });

  it.each([
    ["no JSON", "hello", /answered without a token/],
    ["a token that would break the header", JSON.stringify({ token: "a\r\nx: y" }), /answered without a token/],
    ["endless bytes", "x".repeat(3 * 1024 * 1024), /is larger than 1048576 bytes/],
  ])("does not take %s for a token", async (_, body, message) => {
    const realm = await listen((_request, response) => response.end(body));
    const host = await listen((_request, response) => {
      response.writeHead(401, { "www-authenticate": `Bearer realm="http://${realm}"` }).end();
    });
    await expect(blobSize(connect(host), "churn", upload.digest, "pull", signal)).rejects.toThrow(message);
  });
});

describe("logging in with name and password", () => {
  const wantsBasic: Answerer = (request, response) => {
    if (request.headers.authorization === `Basic ${Buffer.from("ci:hunter2").toString("base64")}`)
      response.writeHead(200, { "content-length": "11" }).end(blob);
    else response.writeHead(401, { "www-authenticate": 'Basic realm="r"' }).end();
  };

  it("sends them from the first request on", async () => {
    let refused = 0;
    const host = await listen((request, response, body) => {
      if (request.headers.authorization === undefined) refused += 1;
      wantsBasic(request, response, body);
    });
    const client = connect(host);
    await blobSize(client, "churn", upload.digest, "pull", signal);
    await blobSize(client, "churn", upload.digest, "pull", signal);
    expect(refused).toBe(1); // GET /v2/, which asks how
  });

  it("says which settings are missing", async () => {
    await expect(
      blobSize(connect(await listen(wantsBasic), { login: false }), "churn", upload.digest, "pull", signal),
    ).rejects.toThrow("asks for a login: set a login for this registry");
  });

  it("logs in to a registry that asks for it only when something is written", async () => {
    const host = await listen((request, response, body) => {
      if (request.url === "/v2/") response.writeHead(200).end();
      else wantsBasic(request, response, body);
    });
    expect(await blobSize(connect(host), "churn", upload.digest, "push", signal)).toBe(11);
  });
});

describe("redirects and upload addresses", () => {
  it("follows a read to another host without our credentials", async () => {
    const seen: (string | undefined)[] = [];
    const storage = await listen((request, response) => {
      seen.push(request.headers.authorization);
      response.end(blob);
    });
    const host = await listen((request, response) => {
      if (request.headers.authorization === undefined) response.writeHead(401, { "www-authenticate": "Basic" }).end();
      else if (request.url === "/v2/") response.end();
      else response.writeHead(307, { location: `http://${storage}/bucket/x?X-Amz-Signature=1` }).end();
    });
    expect(await pullDocument(connect(host), "churn", upload.digest, signal)).toEqual(blob);
    expect(seen).toEqual([undefined]);
  });

  it("keeps the query of an upload's address, wherever it leads, and sends no credentials to another host", async () => {
    const seen: unknown[] = [];
    const storage = await listen((request, response, body) => {
      seen.push(request.url, request.headers.authorization, request.headers["content-length"], body);
      response.writeHead(201).end();
    });
    const host = await listen((request, response) => {
      if (request.headers.authorization === undefined) response.writeHead(401, { "www-authenticate": "Basic" }).end();
      else response.writeHead(202, { location: `http://${storage}/put?_state=a%2Bb` }).end();
    });
    await pushBlob(connect(host), "churn", upload, signal);
    expect(seen).toEqual([
      `/put?_state=a%2Bb&digest=${encodeURIComponent(upload.digest)}`,
      undefined,
      "11",
      "layer bytes",
    ]);
  });

  it("does not go round in circles", async () => {
    const host = await listen((request, response) => response.writeHead(302, { location: request.url ?? "/" }).end());
    await expect(pullBlob(connect(host), "churn", upload.digest, signal)).rejects.toThrow("redirects in a circle");
  });
});

describe("a registry that misbehaves", () => {
  it("is told of in one sentence with its own code, and without a secret", async () => {
    const host = await listen((request, response) => {
      if (request.url === "/v2/" && request.headers.authorization === undefined)
        response.writeHead(401, { "www-authenticate": "Basic" }).end();
      else
        response
          .writeHead(403, { "content-type": "application/json" })
          .end(
            JSON.stringify({ errors: [{ code: "DENIED", message: "requested access\nto the resource is denied" }] }),
          );
    });
    const error = await pushBlob(connect(host), "churn", upload, signal).catch((reason: Error) => reason);
    expect(error).toMatchObject({
      status: 403,
      code: "DENIED",
      message: `registry ${host} refused to begin an upload into churn: it answered 403 DENIED "requested access to the resource is denied"; this login has no right to it`,
    });
    expect(JSON.stringify(error)).not.toContain("hunter2");
  });

  it("is not believed when it answers a digest with other bytes", async () => {
    const host = await listen((_, response) =>
      response.writeHead(200, { "content-type": "application/json" }).end("{}"),
    );
    const client = connect(host);
    await expect(pullManifest(client, "churn", upload.digest, signal)).rejects.toThrow(
      /answered sha256:.* with other bytes/,
    );
    await expect(pullDocument(client, "churn", upload.digest, signal)).rejects.toThrow(
      /answered sha256:.* with other bytes/,
    );
  });

  it("is not believed when it keeps a manifest under another digest", async () => {
    const host = await listen((_, response) =>
      response.writeHead(201, { "docker-content-digest": digestOf("other") }).end(),
    );
    await expect(
      pushManifest(
        connect(host),
        "churn",
        "1.0.0",
        { bytes: Buffer.from("{}"), mediaType: "application/json" },
        signal,
      ),
    ).rejects.toThrow(/keeps the manifest of churn as sha256:/);
  });

  it("does not hold us when it never answers", async () => {
    const host = await listen((request, response) => {
      if (request.url === "/v2/") response.end();
    });
    await expect(
      blobSize(connect(host, { limits: { answerMs: 2_000 } }), "churn", upload.digest, "pull", signal),
    ).rejects.toThrow(/did not answer GET \/v2\/churn\/blobs\/sha256:\w+: Headers Timeout Error/);
  });

  it("does not hold us when it stops taking a blob", async () => {
    const server = createServer((request, response) => {
      if (request.method === "POST") response.writeHead(202, { location: "/up" }).end();
      else if (request.method !== "PUT") response.end();
      else request.pause();
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const client = connect(`127.0.0.1:${(server.address() as AddressInfo).port}`, { limits: { stallMs: 500 } });
    const chunk = Buffer.alloc(1024 * 1024);
    async function* endless() {
      for (;;) yield chunk;
    }
    const large = { digest: upload.digest, sizeBytes: 1024 ** 4, open: async () => Readable.from(endless()) };
    await expect(pushBlob(client, "churn", large, signal)).rejects.toThrow(/no byte was taken for 0\.5 s/);
  });

  it("does not hold us when it stops sending one", async () => {
    const host = await listen((request, response) => {
      if (request.url === "/v2/") response.end();
      else response.writeHead(200, { "content-length": "1000" }).write("some");
    });
    const body = await pullBlob(connect(host, { limits: { stallMs: 500 } }), "churn", upload.digest, signal);
    await expect(body.toArray()).rejects.toThrow(/Body Timeout/);
  });

  it("is left at once when the build is cancelled", async () => {
    const abort = new AbortController();
    const host = await listen((request, response) => {
      if (request.url === "/v2/") response.end();
      else abort.abort(new Error("cancelled"));
    });
    await expect(blobSize(connect(host), "churn", upload.digest, "pull", abort.signal)).rejects.toThrow("cancelled");
  });

  it("says where nobody listens", async () => {
    await expect(blobSize(connect("127.0.0.1:1"), "churn", upload.digest, "pull", signal)).rejects.toThrow(
      "127.0.0.1:1 did not answer GET /v2/: connect ECONNREFUSED 127.0.0.1:1",
    );
  });
});

it("speaks plain http on loopback only", async () => {
  const client = connect("registry.invalid", { limits: { connectMs: 2_000 } });
  expect(client.resolve("/v2/x").href).toBe("https://registry.invalid/v2/x");
  expect(client.resolve("http://registry.invalid/up?state=1").href).toBe("https://registry.invalid/up?state=1");
  expect(client.resolve("http://elsewhere.invalid/up").href).toBe("http://elsewhere.invalid/up");
  expect(connect("localhost:5000").resolve("/v2/x").protocol).toBe("http:");
  expect(connect("[::1]:5000").resolve("/v2/x").protocol).toBe("http:");
});
