import { createHash } from "node:crypto";
import { chmodSync, existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { bundlePackages, packagesBeside } from "./bundled-packages.mjs";
import { root, SetUpError } from "./run-command.mjs";

/*
 * The service as plain JavaScript, so that no process carries a compiler with it:
 *
 *   dist/<program>.js       its sources in one file
 *   dist/<program>.js.map   for stack traces (node --enable-source-maps)
 *   dist/packages/          the npm packages that they import (bundled-packages.mjs)
 *   dist/slipway.js         the command line with all that it imports: one file, to be taken elsewhere
 *   dist/made-from.json     path of each source → SHA-256
 */
const sources = {
  api: "apps/api/main.ts",
  worker: "apps/worker/main.ts",
  standalone: "apps/standalone/main.ts",
  demo: "apps/standalone/demo/main.ts",
  migrate: "prisma/migrate.ts",
  "make-bucket": "apps/make-bucket.ts",
  health: "apps/health.ts",
  "rotate-secrets": "apps/rotate-secrets.ts",
  "collect-garbage": "apps/collect-garbage.ts",
  "verify-artifacts": "apps/verify-artifacts.ts",
  "verify-audit": "apps/verify-audit.ts",
};
const commandLine = "apps/cli/main.ts";
const folder = join(root, "dist");
/** The `slipway` command. */
export const commandPath = join(folder, "slipway.js");
const stamp = join(folder, "made-from.json");
/** The versions that are in node_modules. */
const installed = "node_modules/.package-lock.json";
/** What decides about the programs and is none of their sources. */
const own = [
  "package.json",
  installed,
  "apps/standalone/setup/service-programs.mjs",
  "apps/standalone/setup/bundled-packages.mjs",
];

/** @type {import("esbuild").BuildOptions} */
const options = {
  absWorkingDir: root,
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20.19",
  logLevel: "silent", // what fails is thrown
};

/** @param {keyof typeof sources} program */
export function programPath(program) {
  return join(folder, `${program}.js`);
}

export const servicePrograms = {
  name: "service",
  title: "programs of the service from apps/ (esbuild)",
  inPlace() {
    if (!existsSync(stamp)) return false;
    return Object.entries(JSON.parse(readFileSync(stamp, "utf8"))).every(
      ([path, digest]) => existsSync(join(root, path)) && digestOf(read(path)) === digest,
    );
  },
  async act() {
    const { build } = await import("esbuild"); // on a new clone it is not there before the npm packages are
    const madeFrom = Object.fromEntries(own.map((path) => [path, digestOf(read(path))]));
    const failed = (error) => {
      throw new SetUpError(error.message);
    };
    const { outputFiles } = await build({
      ...options,
      entryPoints: sources,
      outdir: folder,
      sourcemap: "linked",
      sourcesContent: false,
      plugins: [packagesBeside, readingSources(madeFrom)],
      write: false,
    }).catch(failed);
    const programs = outputFiles.filter(({ path }) => path.endsWith(".js")).map(({ text }) => text);
    const importing = await bundlePackages({ folder, programs, lock: read(installed), options }).catch(failed);
    for (const { path, text } of outputFiles) replace(path, path.endsWith(".js") ? importing(text) : text);
    const command = await build({
      ...options,
      entryPoints: { slipway: commandLine },
      outdir: folder,
      // For packages that are CommonJS. Stays legible: a stack trace is a line of this file.
      banner: {
        js: '#!/usr/bin/env node\nimport { createRequire as requireFrom } from "node:module";\nconst require = requireFrom(import.meta.url);',
      },
      define: { "process.env.SLIPWAY_CLI_VERSION": JSON.stringify(JSON.parse(read("package.json")).version) },
      plugins: [readingSources(madeFrom)],
      write: false,
    }).catch(failed);
    for (const { path, text } of command.outputFiles) replace(path, text);
    chmodSync(commandPath, 0o755);
    replace(stamp, JSON.stringify(madeFrom, null, 2));
  },
};

/** Notes what was read. A source finds the files that belong to it (migrations, the Python runtime) by its own place in
 *  the checkout, which is not that of the file it is put into. */
const readingSources = (madeFrom) => ({
  name: "reading-sources",
  setup(build) {
    build.onLoad({ filter: /\.(?:ts|mjs)$/ }, ({ path }) => {
      const text = readFileSync(path, "utf8");
      madeFrom[relative(root, path)] = digestOf(text);
      const place = `new URL(${JSON.stringify(relative(folder, path))}, import.meta.url).href`;
      return { contents: text.replaceAll("import.meta.url", place), loader: "ts", resolveDir: dirname(path) };
    });
  },
});

/** Whoever starts a program meanwhile reads the old file or the new one. */
function replace(path, contents) {
  const unfinished = `${path}.${process.pid}`;
  writeFileSync(unfinished, contents);
  renameSync(unfinished, path);
}

function read(path) {
  return readFileSync(join(root, path), "utf8");
}

function digestOf(text) {
  return createHash("sha256").update(text).digest("hex");
}
