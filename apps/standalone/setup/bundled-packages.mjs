import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/*
 * npm packages as the programs of dist/ take them: finding and reading their thousands of files was most of a start.
 *
 *   dist/packages/<key>/<specifier>.js   what is imported from "<specifier>", and nothing else of it
 *   dist/packages/<key>/chunk-*.js       what several of these share
 *
 * The key is a digest of all that decides about them, so they are made when a package moves and not when a source does.
 * They have no source maps: Node would decode the whole map at a process's first error.
 */

/** Found in node_modules by the running program, as is what our sources import on demand (`await import`). */
const leftInPlace = [
  "@fastify/swagger-ui", // serves files that lie beside it
  "msgpackr-extract", // a binary of the platform, for which msgpackr does without
  "pg-native", // installed by whoever wants it
];

/** Required at the load of a package that does nothing with them here. */
const leftOut = {
  ssh2: "no engine is reached by SSH",
  "@grpc/grpc-js": "no build is a session with BuildKit",
  "@grpc/proto-loader": "no build is a session with BuildKit",
};

const keptMs = 24 * 60 * 60 * 1_000;

/** For programs: imports of packages become those of what `bundlePackages` makes. A plugin of esbuild. */
export const packagesBeside = {
  name: "packages-beside",
  setup(build) {
    build.onResolve({ filter: /^[^./#]/ }, ({ path, kind }) => {
      if (kind === "entry-point") return undefined;
      const stays = kind === "dynamic-import" || path.startsWith("node:") || leftInPlace.includes(path);
      return { path: stays ? path : `./packages/${path}.js`, external: true };
    });
  },
};

/** Makes what the programs import, where it is not there yet, and resolves with the programs that import it from there.
 * @param {{ folder: string, programs: string[], lock: string, options: import("esbuild").BuildOptions }} wanted
 *   `lock`: the versions that are installed.
 * @returns {Promise<(program: string) => string>}
 */
export async function bundlePackages({ folder, programs, lock, options }) {
  const entries = Object.entries(namesByPackage(programs)).sort();
  const decides = [readFileSync(fileURLToPath(import.meta.url), "utf8"), lock, JSON.stringify([entries, options])];
  const key = createHash("sha256").update(decides.join("\0")).digest("hex").slice(0, 16);
  const packages = join(folder, "packages");
  mkdirSync(packages, { recursive: true });
  if (!existsSync(join(packages, key))) await make(entries, { packages, key, options });
  forgetOld(packages, key);
  return (program) => program.replaceAll(/^(} from |import .*)"\.\/packages\//gm, `$1"./packages/${key}/`);
}

/** As esbuild prints imports: `import a, { b as c } from "…"`, `import * as d from "…"`, `import "…"`. */
function namesByPackage(programs) {
  const names = {};
  for (const program of programs)
    for (const [, clause = "", specifier] of program.matchAll(
      /^import (?:([^"';]+) from )?"\.\/packages\/([^"]+)\.js";$/gm,
    )) {
      const [, first, inBraces = ""] = /^([^{]*?),?\s*(?:\{([^}]*)\})?$/.exec(clause);
      const listed = inBraces.split(",").flatMap((name) => name.trim().split(" as ")[0] || []);
      const whole = first === "" ? [] : [first.startsWith("*") ? "*" : "default"];
      names[specifier] = [...new Set([...(names[specifier] ?? []), ...listed, ...whole])].sort();
    }
  return names;
}

async function make(entries, { packages, key, options }) {
  const { build } = await import("esbuild"); // on a new clone it is not there before the npm packages are
  const unfinished = mkdtempSync(join(packages, "unfinished-"));
  try {
    const made = join(unfinished, "made");
    const entryPoints = {};
    for (const [specifier, names] of entries) {
      entryPoints[specifier] = join(unfinished, `${specifier}.mjs`); // a module's name: CommonJS is taken as Node takes it
      mkdirSync(dirname(entryPoints[specifier]), { recursive: true });
      const listed = names.includes("*") ? await namesOf(specifier) : names;
      const from = JSON.stringify(specifier);
      writeFileSync(entryPoints[specifier], `export { ${listed.join(", ")} } from ${from};\n`);
    }
    await build({
      ...options,
      entryPoints,
      outdir: made,
      splitting: true,
      external: leftInPlace,
      mainFields: ["module", "main"], // of ES modules what is not used is left away
      // For the `require` of packages that are CommonJS, in files that are ES modules.
      banner: {
        js: `import { createRequire as requireOf } from "node:module"; const require = requireOf(import.meta.url);`,
      },
      plugins: [withoutLeftOut],
    });
    try {
      renameSync(made, join(packages, key));
    } catch (error) {
      if (error.code !== "ENOTEMPTY") throw error; // another set-up has made the same meanwhile
    }
  } finally {
    rmSync(unfinished, { recursive: true });
  }
}

/** Of CommonJS, esbuild does not know them. Node 23 and newer give the whole as one more, which is no identifier. */
async function namesOf(specifier) {
  return Object.keys(await import(specifier)).filter((name) => name !== "module.exports");
}

const withoutLeftOut = {
  name: "without-left-out",
  setup(build) {
    build.onResolve({ filter: /^[^./]/ }, ({ path }) =>
      Object.hasOwn(leftOut, path) ? { path, namespace: "left-out" } : undefined,
    );
    build.onLoad({ filter: /^/, namespace: "left-out" }, ({ path }) => {
      const reason = JSON.stringify(`${path} is not part of Slipway: ${leftOut[path]}`);
      return {
        contents: `module.exports = new Proxy({}, { get: () => function () { throw new Error(${reason}); } });`,
      };
    });
  },
};

/** A process that was started from older ones may yet load a part of them: the last ones stay, and what was in use within a day. */
function forgetOld(packages, key) {
  const now = new Date();
  utimesSync(join(packages, key), now, now);
  const others = readdirSync(packages)
    .filter((name) => name !== key)
    .map((name) => ({ path: join(packages, name), usedMs: statSync(join(packages, name)).mtimeMs }))
    .sort((one, other) => other.usedMs - one.usedMs);
  for (const { path, usedMs } of others.slice(1))
    if (usedMs < now.getTime() - keptMs) rmSync(path, { recursive: true, force: true });
}
