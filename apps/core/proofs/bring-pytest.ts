import { Readable } from "node:stream";
import { finished } from "node:stream/promises";
import tar from "tar-stream";
import { digestOf } from "#core/artifacts/digest.ts";
import type { ImageBuilder } from "#core/images/image-builder.ts";
import { bareRequest } from "./bare-request.ts";
import { runTests } from "./test-script.ts";

/** With all that it needs in an older Python than the one that they are resolved for, and none that is too new for 3.9. */
const requirements = [
  "pytest>=8.3,<9",
  "exceptiongroup<1.4",
  "iniconfig<2.2",
  "packaging<26",
  "pluggy<1.7",
  "pygments<2.22",
  "tomli<2.1",
  "typing_extensions<4.17",
];
/** All of it is plain Python, the same for each that an image may have. */
const brought =
  /^opt\/slipway\/dependencies\/((?:_?pytest|py\.py|pluggy|iniconfig|packaging|pygments|exceptiongroup|tomli|typing_extensions)(?:\.py|-[^/]*\.dist-info)?(?:\/.*)?)$/;

/** An archive of what lies in /slipway-tests. pytest comes as every other requirement does: from the index of the settings, by hash, made
 *  once for all versions. */
export async function pytestArchive(builder: ImageBuilder, signal: AbortSignal): Promise<Readable> {
  const request = { ...bareRequest, contentDigest: digestOf(requirements.join()) };
  const spec = { ...request.spec, requirements };
  const { layers } = await builder.build({ ...request, spec }, { log: () => {}, signal });
  const archive = tar.pack();
  archive.entry({ name: "run.py" }, runTests);
  const fill = async (): Promise<void> => {
    for (const { kind, open } of layers) {
      if (kind !== "dependencies") continue;
      const entries = tar.extract();
      (await open()).on("error", (error) => entries.destroy(error)).pipe(entries);
      for await (const entry of entries) {
        entry.on("error", () => {});
        const [, path] = brought.exec(entry.header.name) ?? [];
        if (path === undefined || entry.header.type !== "file") entry.resume();
        else await finished(entry.pipe(archive.entry({ name: `packages/${path}`, size: entry.header.size ?? 0 })));
      }
    }
    archive.finalize();
  };
  fill().catch((error: unknown) => archive.destroy(error as Error));
  return Readable.from(archive, { objectMode: false });
}
