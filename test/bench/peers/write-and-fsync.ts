/* The least that keeps an upload: takes a body, writes it to FOLDER under the last part of its path, and answers when
 * it is on disk. */
import { createWriteStream } from "node:fs";
import { createServer } from "node:http";
import { basename, join } from "node:path";
import { pipeline } from "node:stream/promises";

const server = createServer(async (request, response) => {
  const file = createWriteStream(join(process.env["FOLDER"] ?? ".", basename(request.url ?? "")), { flush: true });
  try {
    await pipeline(request, file);
    response.writeHead(201).end();
  } catch (error) {
    response.destroy(error as Error);
  }
});
server.listen(Number(process.env["PORT"]), "127.0.0.1", () => console.log("listening"));
