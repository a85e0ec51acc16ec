import { buffer } from "node:stream/consumers";
import type { Fault } from "#core/errors.ts";
import { isSlipwayError } from "#core/errors.ts";
import { readTar } from "#core/inspect/tar/read-tar.ts";
import { Unreadable } from "#core/inspect/unreadable.ts";
import { unxz, xzSignature } from "#core/inspect/xz.ts";
import type { PackageReader } from "../package-reader.ts";

export const bentoFile = "bento.yaml";

/** What is looked into. */
const wanted = /^(?:bento\.yaml|(?:models\/[^/]+\/[^/]+\/)?model\.yaml|env\/python\/requirements\.txt)$/;
const limitBytes = 1024 * 1024;
const mostWanted = 100;

/** The few files of an archive (tar, as gzip or xz pack it) that say what it is. It is read to its end, in flat memory. */
export async function openBentoArchive(
  reader: PackageReader,
  path: string,
): Promise<{ reader: PackageReader } | { fault: Fault }> {
  const found = new Map<string, Buffer>();
  const refused = (message: string) => ({ fault: { where: path, message: `${path} ${message}` } });
  const isXz = (await reader.read(path, { start: 0, end: 5 })).toString("latin1") === xzSignature;
  const packed = await reader.stream(path);
  try {
    await readTar(isXz ? unxz(packed) : packed, async ({ name, sizeBytes, content }) => {
      const inside = name.replace(/^\.\//, "");
      if (wanted.test(inside) && sizeBytes <= limitBytes && found.size < mostWanted)
        found.set(inside, await buffer(content));
      else for await (const _ of content);
    });
  } catch (error) {
    if (error instanceof Unreadable) return refused(error.message);
    if (isSlipwayError(error, "archive_invalid")) return refused(`cannot be read: ${error.message}`);
    throw error;
  } finally {
    packed.destroy();
  }
  const isBento = found.has(bentoFile) || found.has("model.yaml");
  return isBento
    ? { reader: inMemory(found) }
    : refused(`is a tar archive and no Bento: there is no ${bentoFile} at its top`);
}

function inMemory(files: ReadonlyMap<string, Buffer>): PackageReader {
  const at = (path: string) => files.get(path) ?? Buffer.alloc(0);
  return {
    files: [...files].map(([path, bytes]) => ({ path, sizeBytes: bytes.length })),
    read: async (path) => at(path),
    stream: () => Promise.reject(new Error("what is in memory is not streamed")),
  };
}
