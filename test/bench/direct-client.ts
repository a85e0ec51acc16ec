import { createHash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { Agent, request } from "undici";
import type { Slipway } from "./slipway.ts";

/** As many as the SDK sends at once. */
const partsAtOnce = 4;

interface DirectUpload {
  id: string;
  status: string;
  partSizeBytes: number;
  partCount: number;
  error: { message: string } | null;
}

interface SignedPart {
  url: string;
  headers: Record<string, string>;
}

/** Sends a file to the store itself, parts at once as they are read and hashed. Resolves when the API has taken the
 *  upload as complete, with its path. */
export async function sendDirect(
  { client }: Slipway,
  version: string,
  { path, file, sizeBytes, sha256 }: { path: string; file: string; sizeBytes: number; sha256: string },
): Promise<string> {
  const announced = { path, sizeBytes, digest: `sha256:${sha256}` };
  const upload = (await client.send("POST", `${version}/uploads`, announced)) as DirectUpload;
  const at = `${version}/uploads/${upload.id}`;
  const agent = new Agent({ connections: partsAtOnce });
  const handle = await open(file);
  let next = 1;
  const sendSome = async () => {
    for (let number = next++; number <= upload.partCount; number = next++) {
      const bytes = await readPart(handle, number, upload.partSizeBytes, sizeBytes);
      const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
      const signed = (await client.send("POST", `${at}/parts`, { parts: [{ number, digest }] })) as {
        parts: SignedPart[];
      };
      const [part] = signed.parts;
      if (part === undefined) throw new Error(`part ${number} was not signed`);
      const answer = await request(part.url, { method: "PUT", headers: part.headers, body: bytes, dispatcher: agent });
      if (answer.statusCode !== 200) throw new Error(`the store answered ${answer.statusCode} to part ${number}`);
      await answer.body.dump();
    }
  };
  try {
    await Promise.all(Array.from({ length: partsAtOnce }, sendSome));
    await client.send("POST", `${at}/complete`);
    return at;
  } finally {
    await handle.close();
    await agent.close();
  }
}

/** Waits until a worker has read it. */
export async function verified({ client }: Slipway, upload: string): Promise<void> {
  for (;;) {
    const { status, error } = (await client.send("GET", upload)) as DirectUpload;
    if (status === "stored") return;
    if (status !== "verifying") throw new Error(`the upload is ${status}: ${error?.message}`);
    await sleep(20);
  }
}

async function readPart(handle: FileHandle, number: number, partBytes: number, sizeBytes: number): Promise<Buffer> {
  const offset = (number - 1) * partBytes;
  const bytes = Buffer.allocUnsafe(Math.min(partBytes, sizeBytes - offset));
  for (let read = 0; read < bytes.length; ) {
    const { bytesRead } = await handle.read(bytes, read, bytes.length - read, offset + read);
    if (bytesRead === 0) throw new Error("the file became shorter");
    read += bytesRead;
  }
  return bytes;
}
