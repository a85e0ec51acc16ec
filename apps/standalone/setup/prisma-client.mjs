import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root, run } from "./run-command.mjs";

const generated = join(root, "prisma/client/internal/class.ts");

/** The database client, generated from prisma/schema.prisma, which it carries in itself. */
export const prismaClient = {
  name: "database client",
  title: "database client from prisma/schema.prisma",
  inPlace() {
    if (!existsSync(generated)) return false;
    const schema = readFileSync(join(root, "prisma/schema.prisma"), "utf8");
    const { version } = JSON.parse(readFileSync(join(root, "node_modules/@prisma/client/package.json"), "utf8"));
    const client = readFileSync(generated, "utf8");
    return client.includes(JSON.stringify(schema)) && client.includes(`"clientVersion": "${version}"`);
  },
  async act() {
    await run(process.execPath, ["node_modules/prisma/build/index.js", "generate"], {
      otherwise: "Prisma could not generate the database client",
      // It would download a native schema engine, which `generate` does not use; any program stands in for it.
      env: { PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, PRISMA_HIDE_UPDATE_MESSAGE: "1" },
    });
  },
};
