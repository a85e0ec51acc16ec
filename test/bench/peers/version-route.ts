/* The least that answers with a version: one Fastify route without schema or hooks, the same statement through the
 * same database client. */
import fastify from "fastify";
import { openDatabase } from "#core/database/client.ts";
import { readVersion } from "#core/models/version.ts";

const db = openDatabase({ url: process.env["DATABASE_URL"] ?? "", poolSize: 10 });
const app = fastify();
app.get<{ Params: { model: string; version: string } }>("/:model/:version", async ({ params }) => {
  const version = await readVersion({ db }, params.model, params.version);
  return { ...version, sizeBytes: Number(version.sizeBytes) };
});
await app.listen({ host: "127.0.0.1", port: Number(process.env["PORT"]) });
console.log("listening");
