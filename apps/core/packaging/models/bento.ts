/*
 * A Bento, as `bentoml build` and `bentoml export` lay it out (bentoml/_internal/bento/bento.py):
 *
 *   bento.yaml                         name, version, bentoml_version, docker.python_version or image.python_version
 *   env/python/requirements.lock.txt   what was found to be needed, or requirements.txt: what was asked for
 *   env/python/version.txt             3.11.2
 *   src/  models/                      the service, and the models that it answers from
 */
import { buffer } from "node:stream/consumers";
import { digestOf } from "#core/artifacts/digest.ts";
import { isSlipwayError } from "#core/errors.ts";
import { readTar } from "#core/inspect/tar/read-tar.ts";
import { answerOf, type Found } from "../answer.ts";
import { decodeUtf8 } from "../decode-utf8.ts";
import type { FoundFile, FoundFolder } from "../find-model.ts";
import { noRequirements, type OwnRequirements } from "../own-requirements.ts";
import { hasFile, type PackageReader, readSmall, within } from "../package-reader.ts";
import { readRequirements } from "../package-requirements.ts";
import { minorOf } from "../python-version.ts";
import { readYaml } from "../read-yaml.ts";
import { isMapping } from "../reading.ts";

const marker = "bento.yaml";
const requirementFiles = ["env/python/requirements.lock.txt", "env/python/requirements.txt"];
const versionFile = "env/python/version.txt";
const limitBytes = 1024 * 1024;

export function bentoFolderAnswer(reader: PackageReader, { path }: FoundFolder): Promise<Found> {
  return answerIn(reader, path, { modelFile: path === "" ? "." : path, prefix: "" });
}

/** An archive of one, which is unpacked where it is served. Read to its end, in flat memory. */
export async function bentoArchiveAnswer(reader: PackageReader, { file }: FoundFile): Promise<Found> {
  const refused = (message: string): Found => ({
    answer: null,
    faults: [{ where: file.path, message: `${file.path} ${message}` }],
  });
  const wanted = new Set([marker, versionFile, ...requirementFiles]);
  const found = new Map<string, Buffer>();
  try {
    await readTar(await reader.stream(file.path), async ({ name, sizeBytes, content }) => {
      const path = name.replace(/^\.\//, "");
      if (wanted.has(path) && sizeBytes <= limitBytes) found.set(path, await buffer(content));
      else for await (const _ of content);
    });
  } catch (error) {
    if (isSlipwayError(error, "archive_invalid")) return refused(`cannot be read: ${error.message}`);
    throw error;
  }
  if (!found.has(marker)) return refused(`is a tar.gz archive and no Bento: there is no ${marker} at its top`);
  return answerIn(inMemory(found), "", { modelFile: file.path, prefix: `${file.path}: ` });
}

function inMemory(files: ReadonlyMap<string, Buffer>): PackageReader {
  const at = (path: string) => files.get(path) ?? Buffer.alloc(0);
  return {
    files: [...files].map(([path, bytes]) => ({ path, digest: digestOf(bytes), sizeBytes: bytes.length })),
    read: async (path) => at(path),
    stream: () => Promise.reject(new Error("what is in memory is not streamed")),
  };
}

async function answerIn(
  reader: PackageReader,
  folder: string,
  { modelFile, prefix }: { modelFile: string; prefix: string },
): Promise<Found> {
  const path = within(folder, marker);
  const bytes = await readSmall(reader, path, limitBytes);
  const { file, faults } = bytes === null ? { file: null, faults: [] } : readYaml(bytes);
  const bento = file?.value;
  if (!isMapping(bento) || typeof bento["name"] !== "string") {
    const reason = faults[0]?.message ?? (bytes === null ? "it is larger than 1 MiB" : "it names no Bento");
    return {
      answer: null,
      faults: [{ where: `${prefix}${path}`, message: `${prefix}${path} cannot be read: ${reason}` }],
    };
  }
  const version = bento["bentoml_version"];
  const found = await requirementsIn(reader, folder);
  const requirements = found && {
    ...found,
    faults: found.faults.map((fault) => ({ ...fault, where: `${prefix}${fault.where}` })),
  };
  return {
    answer: answerOf("bentoml", modelFile, {
      saved: { version: typeof version === "string" ? version : null, pickles: [] },
      requirements: requirements ?? noRequirements,
      python: await pythonIn(reader, folder, bento, prefix),
    }),
    faults: [],
  };
}

async function requirementsIn(reader: PackageReader, folder: string): Promise<OwnRequirements | null> {
  const path = requirementFiles.map((name) => within(folder, name)).find((candidate) => hasFile(reader, candidate));
  return path === undefined ? null : readRequirements(reader, path);
}

async function pythonIn(
  reader: PackageReader,
  folder: string,
  { docker, image }: Record<string, unknown>,
  prefix: string,
): Promise<{ minor: string; where: string } | null> {
  const path = within(folder, versionFile);
  const bytes = hasFile(reader, path) ? await readSmall(reader, path, 4096) : null;
  const said = [
    bytes === null ? null : decodeUtf8(bytes)?.trim(),
    isMapping(image) ? image["python_version"] : null,
    isMapping(docker) ? docker["python_version"] : null,
  ];
  const minor = said.flatMap((version) => (typeof version === "string" ? (minorOf(version) ?? []) : []))[0];
  return minor === undefined ? null : { minor, where: `${prefix}${within(folder, marker)}` };
}
