import { rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, inject, it } from "vitest";
import type { BuiltImage } from "#core/images/image-builder.ts";
import { type ImagePublisher, openPublisher } from "#core/images/publish-image.ts";
import type { ImagePlace } from "#core/images/registries/image-place.ts";
import { type RepositoryTemplate, repositoryPath } from "#core/images/registries/repository-template.ts";
import { fixedLogin } from "#core/images/registry-client/credential-source.ts";
import { freePort } from "#standalone/free-port.ts";
import { startImageRegistry } from "#standalone/image-registry.ts";
import { openLedger } from "#standalone/ledger.ts";
import { oneRegistry } from "#test/one-registry.ts";
import { temporaryFolder } from "#test/temporary-folder.ts";
import { testRegistry } from "#test/test-registry.ts";
import { whenDone } from "#test/when-done.ts";
import { faultyProxy } from "./faulty-proxy.ts";
import { login, passwordRegistry, tokenRegistry } from "./guarded-registry.ts";
import { buildContext } from "./instance.ts";
import { layeredImage } from "./layered-image.ts";

interface Publishing {
  publisher: ImagePublisher;
  place(model: string): ImagePlace;
}

const kept = "SLIPWAY_REGISTRY_USERNAME and SLIPWAY_REGISTRY_PASSWORD";

function publisherFor(
  host: string,
  credentials: typeof login | null = null,
  repository: RepositoryTemplate = testRegistry().repository,
): Publishing {
  const { registries, place } = oneRegistry({ host, login: fixedLogin(credentials, kept) }, { repository });
  return { publisher: openPublisher(registries), place };
}

const megabyte = 1024 * 1024;
const image = () =>
  layeredImage([
    { kind: "base", sizeBytes: 3 * megabyte },
    { kind: "runtime", sizeBytes: 100 },
    { kind: "model", sizeBytes: 20 * megabyte },
  ]);

async function publish({ publisher, place }: Publishing, built: BuiltImage, model = "churn"): Promise<string[]> {
  const context = buildContext();
  await publisher.publish(built, place(model), context);
  await publisher.tag(built, place(model), "1.0.0", context);
  return context.lines;
}

const open = inject("parts").registryHost;

/** A registry of its own, whose folder a test may spoil. */
async function ownRegistry(): Promise<{ folder: string; host: string }> {
  const folder = temporaryFolder();
  const ledger = openLedger(join(folder, "processes.json"));
  const { child, host } = await startImageRegistry({ folder, port: await freePort(), secret: "s", ledger });
  whenDone(() => child.stop(2_000));
  return { folder, host };
}

describe.each([
  ["that is open", async () => publisherFor(open)],
  ["that wants name and password", async () => publisherFor(await passwordRegistry(), login)],
  ["that wants tokens", async () => publisherFor((await tokenRegistry()).host, login)],
] as const)("a registry %s", async (_, make) => {
  const publisher = await make();

  it("has all of an image that was published, sends nothing twice, and mounts what no model owns", async () => {
    const built = await image();
    expect((await publish(publisher, built)).join("\n")).toMatch(
      /4 blobs sent \(24\.\d MB\), in .*\nverified: the registry has the manifest and all 3 layers$/,
    );
    expect((await publish(publisher, built))[0]).toMatch(/: 0 blobs sent \(0\.00 MB\), in/);
    expect((await publish(publisher, built, "iris"))[0]).toMatch(/: 2 blobs sent \(21\.0 MB\), 2 mounted, in/);
  });
});

describe("a login that is wrong or too weak", () => {
  it("is one sentence, and shows no password", async () => {
    const wrong = { username: "ci", password: "wrong-secret" };
    const [password, token] = [await passwordRegistry(), await tokenRegistry()];
    const built = await image();
    const says = (publisher: Publishing) =>
      publish(publisher, built).then(
        () => "",
        (error: Error) => error.message,
      );
    expect(await says(publisherFor(password, wrong))).toMatch(
      /it answered 401 UNAUTHORIZED "authentication required"; check SLIPWAY_REGISTRY_USERNAME and/,
    );
    expect(await says(publisherFor(password))).toMatch(/asks for a login: set SLIPWAY_REGISTRY_USERNAME/);
    expect(await says(publisherFor(token.host, wrong))).toMatch(
      /gave no token for repository:test-\w+\/churn:pull,push: it answered 401; check SLIPWAY_REGISTRY_USERNAME/,
    );
    expect(await says(publisherFor(token.host))).toMatch(
      /it answered 401 UNAUTHORIZED "authentication required"; check SLIPWAY_REGISTRY_USERNAME/,
    );
  });

  it("asks a token server for the right to push first, and names what it mounts from", async () => {
    const { host, scopes } = await tokenRegistry();
    const publisher = publisherFor(host, login, "team/{model}" as RepositoryTemplate);
    const built = await image();
    await publish(publisher, built);
    await publish(publisher, built, "iris");
    expect([...new Set(scopes)]).toEqual([
      "repository:team/churn:pull,push",
      "repository:team/churn:pull",
      "repository:team/iris:pull,push",
      "repository:team/iris:pull",
    ]);
  });
});

describe("a registry that fails in the middle of a push", () => {
  it("gets what is missing at the next try: after an answer of 500", async () => {
    let faults = 0;
    const proxy = await faultyProxy(open, (incoming, response) => {
      if (incoming.method !== "PUT" || faults > 0) return false;
      faults += 1;
      response.writeHead(500).end();
      incoming.resume();
      return true;
    });
    const lines = await publish(publisherFor(proxy.host), await image());
    expect(lines[0]).toMatch(/refused to take sha256:\w+ into .* it answered 500; trying again$/);
    expect(lines.at(-1)).toContain("verified");
  });

  it("gets what is missing at the next try: after a cut connection", async () => {
    let faults = 0;
    const proxy = await faultyProxy(open, (incoming) => {
      if (incoming.method !== "PUT" || Number(incoming.headers["content-length"]) < 10 * megabyte || faults > 0)
        return false;
      faults += 1;
      let taken = 0;
      incoming.on("data", (chunk: Buffer) => {
        taken += chunk.length;
        if (taken > 2 * megabyte) incoming.destroy();
      });
      return true;
    });
    const lines = await publish(publisherFor(proxy.host), await image());
    expect(lines[0]).toMatch(/did not answer PUT .*; trying again$/);
    expect(lines.at(-1)).toContain("verified");
  });

  it("is given up after four tries, and puts no manifest over a layer that is not there", async () => {
    const proxy = await faultyProxy(open, (incoming, response) => {
      if (incoming.method !== "PUT") return false;
      incoming.resume();
      response
        .writeHead(503, { "content-type": "application/json" })
        .end('{"errors":[{"code":"TOOMANYREQUESTS","message":"slow down"}]}');
      return true;
    });
    await expect(
      publish(publisherFor(proxy.host), await layeredImage([{ kind: "model", sizeBytes: 10 }])),
    ).rejects.toThrow(/it answered 503 TOOMANYREQUESTS "slow down"$/);
    expect(proxy.seen.some((line) => line.includes("/manifests/"))).toBe(false);
  });

  it("is sent nothing more once the build is cancelled", async () => {
    const context = buildContext();
    const proxy = await faultyProxy(open, (incoming) => {
      if (incoming.method === "PUT") context.cancel();
      return incoming.method === "PUT";
    });
    const { publisher, place } = publisherFor(proxy.host);
    const publishing = publisher.publish(await image(), place("churn"), context);
    await expect(publishing).rejects.toThrow("the build was cancelled");
    expect(proxy.seen.some((line) => line.includes("/manifests/"))).toBe(false);
  });
});

describe("an image that was pushed", () => {
  it("is not called published when a layer is gone, or has another size", async () => {
    for (const answer of [
      { status: 404, length: "0" },
      { status: 200, length: "7" },
    ]) {
      let pushed = false;
      const proxy = await faultyProxy(open, (incoming, response) => {
        if (incoming.url?.includes("/manifests/") && incoming.method === "GET") pushed = true;
        if (!pushed || !incoming.url?.includes("/blobs/")) return false;
        response.writeHead(answer.status, { "content-length": answer.length }).end("x".repeat(Number(answer.length)));
        return true;
      });
      await expect(publish(publisherFor(proxy.host), await image())).rejects.toThrow(
        /has (?:no|7 bytes of) sha256:\w+ of .*\/churn, which was pushed to it with \d+ bytes/,
      );
    }
  });

  it("is not called published when the registry remembers a layer whose bytes are gone, and sends it again", async () => {
    const { folder, host } = await ownRegistry();
    const { repository } = testRegistry();
    const built = await image();
    const [layer] = built.layers;
    const bytesOf = (digest: string) =>
      join(folder, "images/docker/registry/v2/blobs/sha256", digest.slice(7, 9), digest.slice(7), "data");
    const proxy = await faultyProxy(host, (incoming) => {
      if (incoming.method === "PUT" && incoming.url?.includes("/manifests/")) rmSync(bytesOf(layer?.digest ?? ""));
      return false;
    });
    await expect(publish(publisherFor(proxy.host, null, repository), built)).rejects.toThrow(layer?.digest);
    const head = await fetch(`http://${host}/v2/${repositoryPath(repository, "churn")}/blobs/${layer?.digest}`, {
      method: "HEAD",
    });
    expect(head.status).toBe(200);
    const lines = await publish(publisherFor(host, null, repository), built);
    expect(lines.join("\n")).toMatch(/: 1 blobs sent .*\nverified/);
  });

  it("is not called published when the registry gives another manifest for its digest", async () => {
    const proxy = await faultyProxy(open, (incoming, response) => {
      if (incoming.method !== "GET" || !incoming.url?.includes("/manifests/")) return false;
      response.writeHead(200, { "content-type": "application/vnd.oci.image.manifest.v1+json" }).end("{}");
      return true;
    });
    await expect(publish(publisherFor(proxy.host), await image())).rejects.toThrow(
      /answered sha256:\w+ of .* with other bytes/,
    );
  });
});
