import { goProgram, goProgramPath } from "./go-program.mjs";

const sources = {
  versitygw: { module: "github.com/versity/versitygw/cmd/versitygw", version: "v1.8.0" },
  minio: { module: "github.com/minio/minio", version: "v0.0.0-20260212201848-7aac2a2c5b7c" },
};

/** Where the program lies once it is made. @param {keyof typeof sources} server */
export function s3ServerPath(server) {
  return goProgramPath(server, sources[server]);
}

/** Real ones. One after the other: each takes minutes of every core. @type {import("./set-up.mjs").Step[]} */
export const s3Servers = Object.entries(sources).map(([server, source]) =>
  goProgram(server, source, {
    title: "an S3 server for the tests (go install; takes minutes, once)",
    without: `what is tried on ${server} is skipped`,
  }),
);
