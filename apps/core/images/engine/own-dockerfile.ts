import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import dockerignore from "@balena/dockerignore";
import canonicalize from "canonicalize";
import { type Blobs, openBlob } from "#core/artifacts/blobs.ts";
import { digestOf } from "#core/artifacts/digest.ts";
import { ownDockerfile } from "#core/packaging/build-faults.ts";
import { runnable } from "#core/packaging/platforms.ts";
import { proxyArguments } from "../build-network.ts";
import { ownDockerfileRuns } from "../expected-builder.ts";
import {
  type BuildContext,
  BuildFault,
  type BuildRequest,
  type BuiltImage,
  type ImageBuilder,
  type Layer,
  type SealedFile,
} from "../image-builder.ts";
import { bytesEntry, sortEntries, type TarEntry, tarStream } from "../layers/tar.ts";
import { seconds } from "../measures.ts";
import { type Manifest, mediaTypes } from "../oci.ts";
import { holdScratchFolder } from "../scratch-folder.ts";
import { checkDockerfile } from "./check-dockerfile.ts";
import { type ExportedLayer, exportImage, openExported } from "./export-image.ts";
import { marked, newRun } from "./labels.ts";
import { ownImageConfig } from "./own-image-config.ts";
import { refuseForeignImages } from "./refuse-foreign-images.ts";
import { requireBases } from "./require-bases.ts";
import { runEngineBuild } from "./run-engine-build.ts";
import { baseLogin, type GeneratedNeeds } from "./run-stage.ts";

const dockerfileLimitBytes = 1024 * 1024;

/** Builds a package's own Dockerfile, anew for each version, in the package's files. What comes of it lies in a scratch
 *  folder until it is discarded; the engine keeps nothing. */
export function ownDockerfileBuilder(needs: Blobs & Omit<GeneratedNeeds, "environment">): ImageBuilder {
  return {
    name: "engine",
    async build(request, context) {
      if (request.lock !== null)
        throw new BuildFault("lock_unusable", "an own Dockerfile is built by no lock: build without one");
      const { engine, config } = needs;
      const own = await readPackageFile(needs, request, ownDockerfile);
      const checked = checkDockerfile(own, config.engine.ownDockerfiles);
      const { images } = checked;
      await refuseForeignImages(needs.db, request.model, images);
      const { limits, network } = config.engine;
      const run = newRun(limits.timeMs);
      const dockerfile = `.slipway-${run.id}.Dockerfile`;
      const startedAt = performance.now();
      // Slipway's own login reads every model's image. Where a variable may name one, there is none at all.
      const credentials = images.some((image) => image.includes("$")) ? {} : baseLogin(config);
      const files = await contextFiles(needs, request);
      const build = {
        run,
        context: tarStream([
          ...sortEntries(files),
          bytesEntry(dockerfile, marked(own, checked.instructions, run)),
          bytesEntry(".dockerignore", await ignoredByEngine(needs, request, dockerfile)),
        ]),
        dockerfile,
        credentials,
        buildArguments: proxyArguments(config.network),
        limits,
        network,
        prepare: (within: BuildContext) => requireBases(engine, { ...checked, credentials, limits }, within),
      };
      context.log(`engine: building the package's own Dockerfile with ${files.length} files`);
      const { folder, remove } = await holdScratchFolder(config.scratchDir, "image");
      try {
        const image = await runEngineBuild(engine, build, context, async (built, signal) => {
          const { config: made, layers } = await exportImage(
            engine,
            built.Id,
            await mkdtemp(join(folder, "layers-")),
            signal,
          );
          return describe(ownImageConfig(made, request), layers);
        });
        context.log(`engine: built in ${seconds(startedAt)}, ${image.layers.length} layers`);
        return { ...image, dockerfile: own, discard: remove };
      } catch (error) {
        await remove();
        throw error;
      }
    },
  };
}

function describe(config: object, exported: readonly ExportedLayer[]): BuiltImage {
  const layers = exported.map(
    (layer): Layer => ({
      digest: layer.digest,
      diffId: layer.diffId,
      sizeBytes: layer.sizeBytes,
      mediaType: layer.mediaType,
      // It may hold whatever the package holds: other models' repositories do not share it.
      kind: "model",
      open: async () => openExported(layer),
    }),
  );
  const configBytes = Buffer.from(canonicalize(config) ?? "");
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: { mediaType: mediaTypes.config, digest: digestOf(configBytes), size: configBytes.length },
    layers: layers.map(({ mediaType, digest, sizeBytes }) => ({ mediaType, digest, size: sizeBytes })),
  };
  const bytes = Buffer.from(canonicalize(manifest) ?? "");
  const builder = { name: "engine", why: ownDockerfileRuns } as const;
  return {
    platform: runnable,
    manifest: bytes,
    digest: digestOf(bytes),
    config: configBytes,
    layers,
    lock: null,
    builder,
  };
}

/** What `docker build` would send: all but what .dockerignore names. */
async function contextFiles(needs: Blobs, request: BuildRequest): Promise<TarEntry[]> {
  const filter = dockerignore.default({ ignorecase: false }).add(await ignoreLines(needs, request));
  return request.files
    .filter(({ path }) => path !== ".dockerignore" && !filter.ignores(path))
    .map(
      (file): TarEntry => ({
        type: "file",
        path: file.path,
        executable: false,
        sizeBytes: file.sizeBytes,
        open: () => openBlob(needs, file.digest),
      }),
    );
}

/** The engine takes out of the context what is ours in it, by the names in its .dockerignore. */
async function ignoredByEngine(needs: Blobs, request: BuildRequest, dockerfile: string): Promise<string> {
  return [await ignoreLines(needs, request), ".dockerignore", dockerfile, ""].join("\n");
}

async function ignoreLines(needs: Blobs, request: BuildRequest): Promise<string> {
  const exists = request.files.some(({ path }) => path === ".dockerignore");
  return exists ? readPackageFile(needs, request, ".dockerignore") : "";
}

async function readPackageFile(needs: Blobs, { files }: BuildRequest, path: string): Promise<string> {
  const file: SealedFile | undefined = files.find((candidate) => candidate.path === path);
  if (file === undefined) throw new BuildFault("dockerfile_refused", `the package has no ${path}`);
  if (file.sizeBytes > dockerfileLimitBytes)
    throw new BuildFault("dockerfile_refused", `${path} is larger than ${dockerfileLimitBytes / 1024} KiB`);
  return file.sizeBytes === 0 ? "" : text(await openBlob(needs, file.digest));
}
