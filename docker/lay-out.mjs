/*
 * node docker/lay-out.mjs <node_modules> <target>
 *
 * Copies the packages that package-lock.json has for production, as `npm ci --omit=dev --omit=optional` would install
 * them (optional ones are binaries of platforms: esbuild's and those of the embedded Postgres). A tenth of the time that
 * `npm prune` takes in a build.
 */
import { cpSync, readFileSync } from "node:fs";
import { dirname, relative } from "node:path";

const [from, target] = process.argv.slice(2);
const lock = JSON.parse(readFileSync("package-lock.json", "utf8"));
const left = new Set([
  "node_modules/.bin",
  "node_modules/.package-lock.json",
  ...Object.keys(lock.packages).filter((path) => {
    const { dev, optional, devOptional } = lock.packages[path];
    return dev || optional || devOptional;
  }),
]);
const root = dirname(from);
cpSync(from, target, { recursive: true, filter: (path) => !left.has(relative(root, path)) });
