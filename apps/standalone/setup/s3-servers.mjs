import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { run, SetUpError, works } from "./run-command.mjs";

/*
 * Real S3 servers for the tests, compiled once for all checkouts of this user:
 *
 *   ${XDG_CACHE_HOME:-~/.cache}/slipway/<server>-<version>/<server>
 */
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "slipway");

const sources = {
  versitygw: { module: "github.com/versity/versitygw/cmd/versitygw", version: "v1.8.0" },
  minio: { module: "github.com/minio/minio", version: "v0.0.0-20260212201848-7aac2a2c5b7c" },
};

/** Where the program lies once it is made. @param {keyof typeof sources} server */
export function s3ServerPath(server) {
  return join(cache, `${server}-${sources[server].version}`, server);
}

/** One after the other: each takes minutes of every core. @type {import("./set-up.mjs").Step[]} */
export const s3Servers = Object.keys(sources).map((server) => ({
  name: server,
  title: `${server} ${sources[server].version}, an S3 server for the tests (go install; takes minutes, once)`,
  without: `what is tried on ${server} is skipped`,
  inPlace: () => existsSync(s3ServerPath(server)),
  act: () => make(server),
}));

/** Two set-ups at once make it twice, and the last one's stays. */
async function make(server) {
  if (!works("go", ["version"]))
    throw new SetUpError("Go was not found. Install it (https://go.dev/dl, or Debian: apt-get install golang-go).");
  const { module, version } = sources[server];
  const folder = join(cache, `${server}-${version}`);
  mkdirSync(folder, { recursive: true });
  const unfinished = mkdtempSync(join(folder, "unfinished-"));
  try {
    await run("go", ["install", `${module}@${version}`], {
      otherwise: `Go could not make ${module}. Is a Go module proxy reachable from here?`,
      env: { GOBIN: unfinished },
    });
    renameSync(join(unfinished, server), s3ServerPath(server));
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}
