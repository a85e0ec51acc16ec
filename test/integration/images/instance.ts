import { join } from "node:path";
import { Readable } from "node:stream";
import { type Blobs, storeBlob } from "#core/artifacts/blobs.ts";
import { digestOf } from "#core/artifacts/digest.ts";
import { fileBlobStore } from "#core/artifacts/file-blob-store.ts";
import type { Config } from "#core/config.ts";
import type { Assembler } from "#core/images/assembler.ts";
import type { BuildContext, BuildRequest } from "#core/images/image-builder.ts";
import { openAssembler } from "#core/images/open-assembler.ts";
import type { PackageSpec } from "#core/packaging/package-spec.ts";
import { bareRequest } from "#core/proofs/bare-request.ts";
import { giveMade, sharedCache, takeBase, takeMade } from "#test/made-before.ts";
import { oneRegistry } from "#test/one-registry.ts";
import { plainNetwork } from "#test/plain-network.ts";
import { temporaryFolder } from "#test/temporary-folder.ts";
import { testDatabase } from "#test/test-database.ts";
import { testRegistry } from "#test/test-registry.ts";
import { whenDone } from "#test/when-done.ts";

/** A data directory, a database and an assembler of their own: what one Slipway has, and shares with no other. */
export interface Instance {
  needs: Blobs;
  folder: string;
  builder: Assembler;
}

export async function newInstance(
  settings: {
    uv?: string;
    wheels?: Config["wheels"];
    bases?: Config["bases"];
    environment?: Record<string, string>;
    network?: Partial<Config["network"]>;
    /** It begins with what was made before it, or with the base of it alone. */
    made?: "all" | "base";
  } = {},
): Promise<Instance> {
  const { db } = await testDatabase();
  const folder = temporaryFolder();
  const artifactsDir = join(folder, "artifacts");
  const needs = { db, blobs: fileBlobStore(artifactsDir) };
  if (settings.made === "all") await takeMade({ db, artifactsDir });
  if (settings.made === "base") {
    await takeBase({ db, artifactsDir });
    whenDone(() => giveMade({ db, artifactsDir }));
  }
  const builder = openAssembler({
    ...needs,
    config: {
      bases: settings.bases ?? [{ from: "debian", suite: "bookworm" }],
      tools: { uv: settings.uv ?? process.env["SLIPWAY_UV"] ?? "uv", mmdebstrap: "mmdebstrap" },
      wheels: settings.wheels ?? { slim: false, cacheBytes: 20 * 1024 ** 3 },
      ca: null,
      network: { ...plainNetwork, ...settings.network },
      scratchDir: join(folder, "scratch"),
      cacheDir: settings.made === "all" ? sharedCache() : join(folder, "cache"),
    },
    registries: oneRegistry({ host: testRegistry().host }).registries,
    environment: { ...process.env, ...settings.environment },
    steps: null,
  });
  return { needs, folder, builder };
}

const plain: PackageSpec = {
  ...bareRequest.spec,
  predictor: { file: "src/predictor.py", class: "Predictor" },
};

/** A sealed version of these files, stored in the instance. */
export async function sealedVersion(
  { needs }: Pick<Instance, "needs">,
  files: Record<string, Buffer | string>,
  { spec, ...more }: Partial<Omit<BuildRequest, "spec">> & { spec?: Partial<PackageSpec> } = {},
): Promise<BuildRequest> {
  const sealed = [];
  for (const [path, content] of Object.entries(files)) {
    const { digest, sizeBytes } = await storeBlob(needs, Readable.from([Buffer.from(content)]));
    sealed.push({ path, digest, sizeBytes });
  }
  return {
    model: "churn",
    version: "1.0.0",
    contentDigest: digestOf(JSON.stringify(sealed.map(({ path, digest }) => [path, digest]).sort())),
    spec: { ...plain, ...spec },
    metadata: {},
    files: sealed,
    lock: null,
    ...more,
  };
}

/** The place of a build: its log, and a way to cancel it. */
export function buildContext(): BuildContext & { lines: string[]; cancel(): void } {
  const abort = new AbortController();
  const lines: string[] = [];
  return {
    lines,
    log: (line) => lines.push(line),
    signal: abort.signal,
    cancel: () => abort.abort(new Error("the build was cancelled")),
  };
}
