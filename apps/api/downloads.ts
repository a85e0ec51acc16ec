import { Readable } from "node:stream";
import { create as contentDisposition } from "content-disposition";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { SlipwayError } from "#core/errors.ts";

declare module "fastify" {
  interface FastifyReply {
    /** Sends what `open` brings; past the most at once it throws `unavailable`, and nothing is opened. */
    sendBytes(open: () => Promise<Readable>): Promise<FastifyReply>;
  }
}

/** Each holds a file open and some of it in memory, for as long as its client takes to read it. */
const mostAtOnce = 500;

export function limitDownloads(app: FastifyInstance): void {
  let running = 0;
  app.decorateReply("sendBytes", async function (this: FastifyReply, open) {
    if (running >= mostAtOnce)
      throw new SlipwayError("unavailable", `at most ${mostAtOnce} files are read at once; try again shortly`);
    running += 1;
    const bytes = await open().catch((error: unknown) => {
      running -= 1;
      throw error;
    });
    bytes.once("close", () => {
      running -= 1;
    });
    if (this.request.raw.socket.destroyed) bytes.destroy(); // nobody will tell it any more
    return this.send(bytes);
  });
}

/** A file that a user uploaded is never shown by a browser, whatever it holds. */
export function describeDownload(
  reply: FastifyReply,
  { name, type, etag }: { name: string; type: string; etag: string | null },
): void {
  reply
    .type(type)
    .header("content-disposition", dispositionOf(name))
    .header("content-security-policy", "default-src 'none'; sandbox");
  // Its own browser may keep it, and asks with the ETag.
  if (etag !== null) reply.header("etag", etag).header("cache-control", "private, no-cache");
}

/** Offers a file for keeping under its own name, without folders (RFC 6266; RFC 8187 where the name is not ASCII). */
export function dispositionOf(path: string): string {
  return contentDisposition(path.slice(path.lastIndexOf("/") + 1));
}

/** RFC 9110 §13.1.2, by the weak comparison. */
export function isKnown({ headers }: FastifyRequest, etag: string): boolean {
  const known = headers["if-none-match"]?.split(",").map((tag) => tag.trim().replace(/^W\//, ""));
  return known !== undefined && (known.includes("*") || known.includes(etag));
}

/** Fastify takes a stream alone as the body of an answer to HEAD whose length was given. */
export function nothing(): Readable {
  return Readable.from([]);
}
