import { digestOf } from "#core/artifacts/digest.ts";
import type { Answer, TestService } from "./test-service.ts";

export interface SignedPart {
  number: number;
  method: string;
  url: string;
  headers: Record<string, string>;
}

/** Status of the answer; 0 where the server closes the connection on a body that it does not want. */
export function sendPart({ url, method, headers }: SignedPart, bytes: Buffer): Promise<number> {
  return fetch(url, { method, headers, body: new Uint8Array(bytes) }).then(
    ({ status }) => status,
    () => 0,
  );
}

/** Cuts a file as an upload says. */
export function partsOf(bytes: Buffer, { partSizeBytes }: { partSizeBytes: number }): Buffer[] {
  const count = Math.ceil(bytes.length / partSizeBytes);
  return Array.from({ length: count }, (_, index) =>
    bytes.subarray(index * partSizeBytes, (index + 1) * partSizeBytes),
  );
}

/** A client of direct uploads into one version. */
export function directUploads({ call }: Pick<TestService, "call">, model: string, version: string) {
  const at = `/v1/models/${model}/versions/${version}/uploads`;
  const made = (answer: Answer, status: number) => {
    if (answer.status !== status) throw new Error(`answered ${answer.status}: ${answer.bytes}`);
    return answer.json;
  };
  return {
    at,
    async start(path: string, bytes: Buffer, announced: { digest?: string } = {}) {
      const json = { path, sizeBytes: bytes.length, digest: digestOf(bytes), ...announced };
      return made(await call("POST", at, { json }), 201);
    },
    async sign(id: string, parts: readonly { number: number; bytes: Buffer }[]): Promise<SignedPart[]> {
      const json = { parts: parts.map(({ number, bytes }) => ({ number, digest: digestOf(bytes) })) };
      return made(await call("POST", `${at}/${id}/parts`, { json }), 200).parts;
    },
    /** All parts at once. */
    async send(upload: { id: string; partSizeBytes: number }, bytes: Buffer): Promise<SignedPart[]> {
      const parts = partsOf(bytes, upload).map((part, index) => ({ number: index + 1, bytes: part }));
      const signed = await this.sign(upload.id, parts);
      const statuses = await Promise.all(
        signed.map((part) => sendPart(part, parts[part.number - 1]?.bytes ?? Buffer.alloc(0))),
      );
      if (statuses.some((status) => status !== 200)) throw new Error(`the store answered ${statuses}`);
      return signed;
    },
    complete: (id: string) => call("POST", `${at}/${id}/complete`),
    /** All of it, up to the answer that it is being verified. */
    async upload(path: string, bytes: Buffer, announced: { digest?: string } = {}) {
      const upload = await this.start(path, bytes, announced);
      await this.send(upload, bytes);
      return made(await this.complete(upload.id), 202);
    },
    read: async (id: string) => made(await call("GET", `${at}/${id}`), 200),
  };
}
