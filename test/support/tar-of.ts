import { buffer } from "node:stream/consumers";
import tar from "tar-stream";

export async function tarOf(files: Readonly<Record<string, Buffer>>): Promise<Buffer> {
  const pack = tar.pack();
  for (const [name, bytes] of Object.entries(files)) pack.entry({ name }, bytes);
  pack.finalize();
  return buffer(pack);
}
