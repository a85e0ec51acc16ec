import type { Lock } from "#core/images/lock.ts";
import { launcher } from "#core/images/runtimes/launcher.ts";
import { readRuntimeSource, runtimeFolder } from "#core/images/runtimes/runtime-source.ts";
import type { StoredFile } from "#core/models/files.ts";
import type { Version } from "#core/models/version.ts";
import type { CardFacts } from "#core/packaging/card/card-facts.ts";
import { writeCard } from "#core/packaging/card/write-card.ts";
import { servingService } from "#core/packaging/deployment/compose.ts";
import { runningOf } from "#core/packaging/deployment/deployable.ts";
import { writeYaml } from "#core/packaging/deployment/write-yaml.ts";
import { dockerfile, dockerignore } from "#core/packaging/dockerfile.ts";
import { modelDescription } from "#core/packaging/model-description.ts";
import type { PackageSpec } from "#core/packaging/package-spec.ts";
import type { GeneratedFile } from "./export-package.ts";

/*
 * What comes beside the package's own files, none of which is ever replaced:
 *
 *   Dockerfile  docker-compose.yml  .dockerignore      where the package has its own, slipway/Dockerfile and so on
 *   requirements.txt  README.md                        where it has none: what it needs, its model card
 *   slipway/                                           laid into /opt/slipway: packaging/dockerfile.ts
 *     bin/slipway-runtime  runtime/slipway_runtime/…   the server
 *     lock.txt                                         every wheel, or the sources of it, by version and hash
 *     model.json  MODEL_CARD.md
 *
 * A package that asks for its own Dockerfile to be built has that alone, and a compose file.
 */
export interface DockerContextInput {
  found: Version;
  files: readonly StoredFile[];
  spec: PackageSpec;
  card: CardFacts;
  lock: Lock | null;
}

/** Throws where a version that Slipway's own Dockerfile builds has no lock. */
export async function dockerContext(input: DockerContextInput): Promise<GeneratedFile[]> {
  const { found, files, spec, card, lock } = input;
  const taken = takenNames(files);
  const isTaken = (name: string) => taken.has(name.toLowerCase());
  const folder = freeFolder(isTaken);
  const text = (path: string, content: string): GeneratedFile => ({
    path,
    bytes: Buffer.from(content),
    executable: false,
  });
  const place = (name: string) => (isTaken(name) ? `${folder}/${name}` : name);
  const isOwn = spec.build === "dockerfile";
  const dockerfilePath = isOwn ? "Dockerfile" : place("Dockerfile");
  const composePath = place("docker-compose.yml");
  // A proof is of the version's own image, and what is built by hand is another.
  const generated = [
    text(composePath, composeOf(input, { dockerfilePath, isNested: composePath.includes("/") })),
    text(isTaken("README.md") ? `${folder}/MODEL_CARD.md` : "README.md", writeCard({ ...card, proof: null })),
  ];
  if (isOwn) return generated;
  if (lock === null) throw new Error(`${found.model}:${found.version} has no lock`);
  const lockPath = `${folder}/lock.txt`;
  generated.push(
    text(
      dockerfilePath,
      dockerfile({
        spec: {
          environment: spec.environment,
          systemPackages: [...(spec.basePackages ?? []), ...(spec.systemPackages ?? [])],
        },
        base: { reference: baseOf(lock), environment: {}, argument: "BASE" },
        labels: labelsOf(found),
        requirementsFile: lockPath,
        requireHashes: true,
        buildsWheels: lock.requirements.some(({ sdist }) => sdist !== undefined),
        bareDebian: lock.base.source.includes("+"),
        runtimeFolder: folder,
      }),
    ),
    // BuildKit takes the one beside the Dockerfile before the package's own.
    text(
      isTaken(".dockerignore") ? ignoreBeside(dockerfilePath, place) : ".dockerignore",
      `${dockerignore}${folder}/MODEL_CARD.md\n`,
    ),
    text(lockPath, lockLines(lock)),
    { path: `${folder}/model.json`, bytes: descriptionOf(input), executable: false },
    { path: `${folder}/bin/slipway-runtime`, bytes: Buffer.from(launcher("/usr/bin/env python3")), executable: true },
    ...(await runtimeFiles(`${folder}/runtime`)),
  );
  if (!isTaken("requirements.txt")) generated.push(text("requirements.txt", linesOf(spec.requirements)));
  return generated;
}

function ignoreBeside(dockerfilePath: string, place: (name: string) => string): string {
  return dockerfilePath === "Dockerfile" ? place("Dockerfile.dockerignore") : `${dockerfilePath}.dockerignore`;
}

/** Names at the package's top, in lower case: a folder on some disks has no two that differ in case alone. */
function takenNames(files: readonly StoredFile[]): ReadonlySet<string> {
  return new Set(files.map(({ path }) => path.split("/", 1)[0]?.toLowerCase() ?? ""));
}

function freeFolder(isTaken: (name: string) => boolean): string {
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? "slipway" : `slipway-${number}`;
    if (!isTaken(name)) return name;
  }
}

async function runtimeFiles(below: string): Promise<GeneratedFile[]> {
  const { files } = await readRuntimeSource(runtimeFolder);
  return files.map(({ path, bytes }) => ({ path: `${below}/slipway_runtime/${path}`, bytes, executable: false }));
}

/** An image that was pinned is the default as it stood, without its host; for what was made of Debian's packages it is
 *  Python's own image of the same release and minor version, or Debian's where packages of its Python were among them. */
function baseOf({ base, python }: Lock): string {
  const [, suite, more] = /^debian:([^+]+)(\+.+)?$/.exec(base.source) ?? [];
  if (suite === undefined) return base.source;
  return more === undefined ? `python:${python}-slim-${suite}` : `debian:${suite}-slim`;
}

/** Where the index has sources alone, theirs is the hash that holds elsewhere: each build of a wheel has its own. */
function lockLines({ requirements }: Lock): string {
  return linesOf(
    requirements.map(
      ({ name, version, sha256, sdist }) => `${name}==${version} --hash=sha256:${sdist?.sha256 ?? sha256}`,
    ),
  );
}

function linesOf(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join("");
}

function labelsOf({ model, version, contentDigest }: Version): Record<string, string> {
  return {
    "org.opencontainers.image.title": model,
    "org.opencontainers.image.version": version,
    "dev.slipway.content-digest": contentDigest ?? "",
  };
}

function descriptionOf({ found, spec }: DockerContextInput): Buffer {
  const { model, version, contentDigest, metadata } = found;
  return modelDescription({ model, version, contentDigest: contentDigest ?? "", spec, metadata });
}

function composeOf(
  { found, spec, lock }: DockerContextInput,
  { dockerfilePath, isNested }: { dockerfilePath: string; isNested: boolean },
): string {
  const running = runningOf(found, spec, spec.serve ?? null);
  const build = {
    context: isNested ? ".." : ".",
    ...(dockerfilePath === "Dockerfile" ? {} : { dockerfile: dockerfilePath }),
    ...(spec.build === "dockerfile" || lock === null ? {} : { args: { BASE: `\${BASE:-${baseOf(lock)}}` } }),
  };
  const model = {
    build,
    image: `${found.model}:${found.version}`,
    ...(lock === null ? {} : { platform: lock.platform }),
    ...servingService(running, { secrets: [] }),
    ports: [`\${PORT:-8000}:${running.server.port}`],
  };
  return writeYaml(running, "docker compose up --build", [{ services: { model } }]);
}
