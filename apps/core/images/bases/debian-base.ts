import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { Blobs } from "#core/artifacts/blobs.ts";
import type { NetworkConfig } from "#core/config.ts";
import type { Architecture } from "#core/packaging/platforms.ts";
import type { BuildContext } from "../image-builder.ts";
import { folderEntries } from "../layers/folder-entries.ts";
import { storeLayer } from "../layers/stored-layer.ts";
import type { LockedPackage } from "../lock.ts";
import { megabytes, seconds } from "../measures.ts";
import { runCommand } from "../run-command.ts";
import { withScratchFolder } from "../scratch-folder.ts";
import { type AptSources, aptOptions, withAptSources } from "./apt-sources.ts";
import { askPython } from "./base-python.ts";
import { type Base, type BaseSource, debianSource } from "./base-source.ts";
import { compileFolder } from "./compile-bytecode.ts";
import { accountFiles, isPackageWanted, isPathWanted, wantedPackages } from "./debian-contents.ts";
import { debianError } from "./debian-error.ts";
import { exists } from "./exists.ts";
import { libraryFolder, readForeignPython, type Twin } from "./twin.ts";
import { unpackInto } from "./unpack.ts";

export interface DebianBaseOptions {
  suite: string;
  /** What it holds besides, by the names of Debian packages: Python's libraries are found beside its own. */
  packages?: readonly string[];
  mmdebstrap: string;
  scratchDir: string;
  network: NetworkConfig;
  /** Null: for this machine's architecture, amd64. */
  twin: Twin | null;
  /** For mmdebstrap and dpkg-deb. */
  environment: Readonly<Record<string, string>>;
}

const limitMs = 10 * 60_000;
const archivePattern = /^var\/cache\/apt\/archives\/[^/]+\.deb$/;

/** A base from Debian packages: `mmdebstrap` resolves and fetches them from Debian's mirrors, security updates among
 *  them, and checks them by the archive keys of this machine; their files are laid out here. No maintainer script
 *  runs. The same package versions give the same bytes. */
export function debianBase(blobs: Blobs, options: DebianBaseOptions): BaseSource {
  const source = debianSource(options.suite, options.packages);
  const name = options.twin === null ? source : `${source} for arm64`;
  return {
    name,
    make: (root, context) =>
      withScratchFolder(options.scratchDir, "debian", (scratch) =>
        makeBase(blobs, options, { source, name, scratch, root }, context),
      ),
  };
}

async function makeBase(
  blobs: Blobs,
  options: DebianBaseOptions,
  { source, name, scratch, root }: { source: string; name: string; scratch: string; root: string },
  { log, signal }: BuildContext,
): Promise<Base> {
  const startedAt = performance.now();
  log(`base ${name}: fetching Debian packages`);
  const holdsMore = (options.packages ?? []).length > 0;
  const packages: LockedPackage[] = [];
  for (const archive of await withAptSources(options, (sources) => fetchPackages(options, sources, scratch, signal))) {
    const fields = await packageFields(options, archive, signal);
    const locked = { ...nameAndVersion(fields), sha256: await sha256OfFile(archive) };
    if (!isPackageWanted(locked.name, holdsMore)) continue;
    packages.push(locked);
    await unpackPackage(options, archive, root, signal);
    await recordPackage(root, locked.name, fields);
  }
  await complete(root);
  const pythonPath = await findPython(root);
  const { twin } = options;
  const architecture = architectureFor(options);
  const facts =
    twin === null
      ? await askPython(root, pythonPath, signal)
      : await readForeignPython(root, { source, architecture, pythonPath }, twin);
  const compiler = { root: twin === null ? root : await twin.files({ log, signal }), pythonPath };
  for (const library of await pythonLibraries(root, pythonPath))
    await compileFolder({ ...compiler, folder: join(root, library), imagePath: library, signal });
  const entries = await folderEntries(root, "");
  const layer = await storeLayer(
    blobs,
    entries.map((entry) => (entry.type === "folder" && entry.path === "tmp" ? { ...entry, mode: 0o1777 } : entry)),
    { kind: "base", signal },
  );
  log(
    `base ${name}: Python ${facts.version}, ${facts.libc.name} ${facts.libc.version}, ${packages.length} Debian packages, ` +
      `${megabytes(layer.sizeBytes)} in ${seconds(startedAt)}`,
  );
  return {
    source,
    digest: layer.digest,
    architecture,
    pythonPath,
    pythonVersion: facts.version,
    libc: facts.libc,
    layers: [layer],
    environment: await libraryEnvironment(root, architecture),
    packages,
  };
}

function architectureFor({ twin }: DebianBaseOptions): Architecture {
  return twin === null ? "amd64" : "arm64";
}

/** The standard library's, and that of Debian's own Python packages where there are any. */
async function pythonLibraries(root: string, pythonPath: string): Promise<string[]> {
  const packages = await exists(join(root, "usr/lib/python3/dist-packages"));
  return [`/usr/lib/${basename(pythonPath)}`, ...(packages ? ["/usr/lib/python3/dist-packages"] : [])];
}

/** BLAS and LAPACK lie in folders of their own, from where a maintainer script would link one of several. */
async function libraryEnvironment(root: string, architecture: Architecture): Promise<Record<string, string>> {
  const folders = ["blas", "lapack"].map((name) => `usr/lib/${libraryFolder[architecture]}/${name}`);
  const found = await Promise.all(folders.map((folder) => exists(join(root, folder))));
  const paths = folders.filter((_, index) => found[index]).map((folder) => `/${folder}`);
  return paths.length === 0 ? {} : { LD_LIBRARY_PATH: paths.join(":") };
}

/** mmdebstrap's own tree is passed over: taken are the package archives that it fetched and verified. As a plain user
 *  it needs no user namespace for that (which containers refuse), since nothing is run in the tree; it puts the tree
 *  where what a kill leaves is removed. */
async function fetchPackages(
  options: DebianBaseOptions,
  sources: AptSources,
  folder: string,
  signal: AbortSignal,
): Promise<string[]> {
  const isRoot = process.getuid?.() === 0;
  const { exitCode, stderr } = await runCommand({
    file: options.mmdebstrap,
    args: [
      "--variant=extract",
      `--architectures=${architectureFor(options)}`,
      "--format=tar",
      "--skip=cleanup/apt/cache",
      `--mode=${isRoot ? "root" : "chrootless"}`,
      `--include=${[...wantedPackages, ...(options.packages ?? [])].join(",")}`,
      ...aptOptions(sources),
      ...[options.suite, "-", ...sources.lists],
    ],
    // As root apt fetches as another user, who has to reach the place.
    environment: isRoot ? options.environment : { ...options.environment, TMPDIR: folder },
    signal,
    limitMs,
    consume: (stdout) => unpackInto(folder, [stdout], { signal, keep: (path) => archivePattern.test(path) }),
  });
  if (exitCode !== 0)
    throw new Error(`mmdebstrap could not fetch the packages of ${options.suite}: ${debianError(stderr)}`);
  const archives = join(folder, "var/cache/apt/archives");
  return (await readdir(archives)).sort().map((name) => join(archives, name));
}

/** The package's control file. */
async function packageFields(options: DebianBaseOptions, archive: string, signal: AbortSignal): Promise<string> {
  const { exitCode, stdout, stderr } = await runCommand({
    file: "dpkg-deb",
    args: ["--field", archive],
    environment: options.environment,
    signal,
    limitMs,
  });
  if (exitCode !== 0) throw new Error(`dpkg-deb could not read ${basename(archive)}: ${debianError(stderr)}`);
  return stdout;
}

function nameAndVersion(fields: string): { name: string; version: string } {
  const [, name] = /^Package: (\S+)$/m.exec(fields) ?? [];
  const [, version] = /^Version: (\S+)$/m.exec(fields) ?? [];
  if (name === undefined || version === undefined) throw new Error("a Debian package states no name or no version");
  return { name, version };
}

async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

async function unpackPackage(
  options: DebianBaseOptions,
  archive: string,
  root: string,
  signal: AbortSignal,
): Promise<void> {
  const { exitCode, stderr } = await runCommand({
    file: "dpkg-deb",
    args: ["--fsys-tarfile", archive],
    environment: options.environment,
    signal,
    limitMs,
    consume: (stdout) => unpackInto(root, [stdout], { signal, keep: isPathWanted }),
  });
  if (exitCode !== 0) throw new Error(`dpkg-deb could not unpack ${basename(archive)}: ${debianError(stderr)}`);
}

/** Where scanners look for packages in images that have no dpkg database. */
async function recordPackage(root: string, name: string, fields: string): Promise<void> {
  const folder = join(root, "var/lib/dpkg/status.d");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, name), fields);
}

/** What maintainer scripts and a first boot would add. */
async function complete(root: string): Promise<void> {
  for (const folder of ["dev", "etc/ssl/certs", "opt", "proc", "root", "run", "sys", "tmp", "var/tmp"])
    await mkdir(join(root, folder), { recursive: true });
  for (const [path, text] of Object.entries(accountFiles)) await writeFile(join(root, path), text);
  const certificates = join(root, "usr/share/ca-certificates/mozilla");
  const files = (await readdir(certificates)).filter((name) => name.endsWith(".crt")).sort();
  const bundle = await Promise.all(files.map((name) => readFile(join(certificates, name), "utf8")));
  await writeFile(
    join(root, "etc/ssl/certs/ca-certificates.crt"),
    bundle.map((text) => (text.endsWith("\n") ? text : `${text}\n`)).join(""),
  );
}

async function findPython(root: string): Promise<string> {
  const names = (await readdir(join(root, "usr/bin"))).filter((name) => /^python3\.\d+$/.test(name));
  const [name, ...others] = names;
  if (name === undefined || others.length > 0)
    throw new Error(
      `the Debian packages brought ${names.length === 0 ? "no Python" : names.join(" and ")} to /usr/bin`,
    );
  return `/usr/bin/${name}`;
}
