import { randomBytes } from "node:crypto";
import { text } from "node:stream/consumers";
import tar from "tar-stream";
import { afterEach, describe, expect, it } from "vitest";
import { BuildFault, type BuiltImage } from "#core/images/image-builder.ts";
import { addressForContainers, packageIndex, sdistOf } from "#test/company-network.ts";
import { type DockerEngine, dockerEngine } from "#test/docker-engine.ts";
import { machinesNetwork } from "#test/plain-network.ts";
import { whatShows } from "#test/planted.ts";
import { realModel } from "#test/real-models.ts";
import { buildContext, sealedVersion } from "../../integration/images/instance.ts";
import { builderOf, expectNothingLeftOf, newEngineInstance } from "./instance.ts";

const engine = dockerEngine();
const { files } = realModel("custom");
const password = `plant/hook+${randomBytes(12).toString("hex")}=`;
const login = { username: "builder", password };

/** A build backend that writes all that it can see into the wheel and to the log, each time that it is called. */
const spy = `
import base64, hashlib, io, os, pathlib, socket, sys, zipfile

def seen():
    parts = [f"hook of {sys.argv[-1]} as {os.getuid()}"]
    parts += [f"{key}={value}" for key, value in os.environ.items()]
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        for name in ("environ", "cmdline"):
            try: parts.append((process / name).read_bytes().decode("latin-1"))
            except OSError: pass
    for root in ("/slipway", "/root", "/etc", "/run", "/tmp", "/home", "/var/lib/apt", "/var/cache", "/var/log", "/usr/local/etc"):
        for folder, _, names in os.walk(root):
            for name in names:
                path = os.path.join(folder, name)
                parts.append(path)
                try:
                    if os.path.isfile(path): parts.append(open(path, "rb").read(4_000_000).decode("latin-1"))
                except OSError: pass
    for address in (("1.1.1.1", 53), ADDRESS):
        try:
            socket.create_connection(address, 2).close()
            parts.append(f"has reached" + f" {address}")
        except OSError as error:
            parts.append(f"unreachable {address} {error}")
    return "\\n".join(parts)

def keep(hook):
    text = f"{hook}\\n{seen()}"
    print("HOOK", base64.b64encode(text.encode("utf-8", "replace")).decode()[:200])
    with open("/tmp/seen", "a") as out: out.write(text)

def get_requires_for_build_wheel(config_settings=None):
    keep("get_requires_for_build_wheel")
    return []

def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    keep("prepare_metadata_for_build_wheel")
    folder = pathlib.Path(metadata_directory) / "spy-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\\nName: spy\\nVersion: 1.0\\nRequires-Dist: Unidecode\\n")
    (folder / "WHEEL").write_text("Wheel-Version: 1.0\\nGenerator: spy\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    return folder.name

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    keep("build_wheel")
    files = {
        "spy_seen.txt": open("/tmp/seen").read(),
        "spy-1.0.dist-info/METADATA": "Metadata-Version: 2.1\\nName: spy\\nVersion: 1.0\\nRequires-Dist: Unidecode\\n",
        "spy-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\\nGenerator: spy\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    }
    files["spy-1.0.dist-info/RECORD"] = "".join(f"{name},,\\n" for name in files) + "spy-1.0.dist-info/RECORD,,\\n"
    with zipfile.ZipFile(os.path.join(wheel_directory, "spy-1.0-py3-none-any.whl"), "w") as wheel:
        for name, text in files.items(): wheel.writestr(name, text)
    return "spy-1.0-py3-none-any.whl"
`;

const ownBackend = {
  "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n',
};

describe.skipIf(engine === null)("what a package runs while wheels are made of its sources", async () => {
  const { docker } = engine as DockerEngine;
  const address = addressForContainers();
  const sdists: Record<string, Buffer> = {};
  const index = await packageIndex(address, login, sdists);
  const port = new URL(index.url).port;
  const sdist = async (name: string, contents: Record<string, string>): Promise<void> => {
    const [project, version] = name.split("-");
    const metadata = `Metadata-Version: 2.1\nName: ${project}\nVersion: ${version}\n`;
    sdists[`${name}.tar.gz`] = await sdistOf(name, { "PKG-INFO": metadata, ...contents });
  };
  const network = { ...machinesNetwork, packageIndex: index.url };
  const here = await newEngineInstance({ network });
  const build = async (
    requirements: string[],
    context = buildContext(),
    builder = here.builder,
  ): Promise<BuiltImage & { lines: string[] }> => {
    const image = await builder.build(await sealedVersion(here, files, { spec: { requirements } }), context);
    return { ...image, lines: context.lines };
  };
  const faultOf = async (requirement: string, limits = {}): Promise<Error> => {
    const builder = builderOf(here, { network, limits });
    const context = buildContext();
    const fault = await build([requirement], context, builder).catch((error: unknown) => error);
    expect((fault as Error).message).not.toContain("\n");
    const said = [(fault as Error).message, ...context.lines].join("\n");
    expect(whatShows({ password }, [{ name: "what is said", content: Buffer.from(said) }])).toEqual([]);
    return fault as Error;
  };

  afterEach(async () => {
    index.failWith(null);
    await expectNothingLeftOf(docker, here);
  });

  it("sees no address, no login and no network, neither when it is asked what it needs nor when it builds", async () => {
    await sdist("spy-1.0", { ...ownBackend, "backend.py": spy.replace("ADDRESS", `("${address}", ${port})`) });
    const image = await build(["spy"]);
    const layers = await Promise.all(
      image.layers.map(async (layer) => {
        const chunks: Buffer[] = [];
        for await (const chunk of await layer.open()) chunks.push(chunk as Buffer);
        return { name: `layer ${layer.kind}`, content: Buffer.concat(chunks) };
      }),
    );
    const seen = await fileIn(layers.findLast(({ name }) => name === "layer dependencies")?.content, "spy_seen.txt");
    for (const hook of ["prepare_metadata_for_build_wheel", "build_wheel"]) expect(seen).toContain(`${hook}\nhook of`);
    // What was looked for was looked at.
    expect(seen).toContain("/slipway/requirements.in");
    expect(seen).toContain("PIP_INDEX_URL=http://127.0.0.1:");
    expect(seen).toContain("unreachable ('1.1.1.1', 53)");
    expect(seen).not.toContain("has reached (");
    expect(seen.replaceAll(`unreachable ('${address}', ${port})`, "")).not.toContain(`${address}:${port}`);
    const places = [
      ...layers,
      { name: "log", content: Buffer.from(image.lines.join("\n")) },
      { name: "config", content: image.config },
      { name: "lock", content: Buffer.from(JSON.stringify(image.lock)) },
      { name: "Dockerfile", content: Buffer.from(image.dockerfile ?? "") },
    ];
    expect(whatShows({ password }, places)).toEqual([]);
    expect(image.lock?.requirements.map(({ name }) => name)).toEqual(expect.arrayContaining(["spy", "unidecode"]));
    expect(index.seen).toContain("GET /files/spy-1.0.tar.gz");
  }, 300_000);

  it("has compilers where it does not go without, and what it builds with from the index", async () => {
    await sdist("compiled-1.0", {
      "setup.py":
        "from setuptools import Extension, setup\nsetup(name='compiled', version='1.0', ext_modules=[Extension('compiled', ['compiled.c'])])\n",
      "compiled.c":
        '#include <Python.h>\nstatic struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "compiled"};\nPyMODINIT_FUNC PyInit_compiled(void) { return PyModule_Create(&module); }\n',
    });
    const image = await build(["compiled"]);
    expect(image.lines).toContain("it does not go without compilers: bringing them");
    expect(image.lock?.requirements.find(({ name }) => name === "compiled")).toMatchObject({
      wheel: "compiled-1.0-cp311-cp311-linux_x86_64.whl",
      sdist: { file: "compiled-1.0.tar.gz" },
    });
  }, 300_000);

  it("blames the index where that refuses a file, and shows nothing of its address", async () => {
    await sdist("refused-1.0", { ...ownBackend, "backend.py": "" });
    index.failWith(403, "/files/");
    const fault = await faultOf("refused");
    expect(fault).not.toBeInstanceOf(BuildFault);
    expect(fault.message).toMatch(/^the engine could not fetch what it needs: .*403/);
    expect(fault.message).not.toContain(address);
  }, 300_000);

  it.each([
    ["writes without end", "while True: os.write(1, b'\\n' * 1000)", { logLines: 100 }, /more than the 100 lines/],
    ["never ends", "import time; time.sleep(1000)", { timeMs: 20_000 }, /longer than the 20 s/],
  ])(
    "is ended with its reason, and leaves nothing, where a hook %s",
    async (what, hook, limits, reason) => {
      const name = what.replaceAll(" ", "");
      // Past pip, which keeps what its own children write.
      const output = `next(fd for fd in ("/proc/1/fd/" + name for name in os.listdir("/proc/1/fd")) if os.readlink(fd)[:4] == "pipe")`;
      const backend = `import os\nos.dup2(os.open(${output}, os.O_WRONLY), 1)\n${hook}\n`;
      await sdist(`${name}-1.0`, { ...ownBackend, "backend.py": backend });
      const fault = await faultOf(name, limits);
      expect([(fault as BuildFault).code, fault.message]).toEqual([
        "build_limit_exceeded",
        expect.stringMatching(reason),
      ]);
    },
    300_000,
  );
});

async function fileIn(archive: Buffer | undefined, name: string): Promise<string> {
  const entries = tar.extract();
  entries.end(archive);
  for await (const entry of entries) {
    if (entry.header.name.endsWith(`/${name}`)) return text(entry);
    entry.resume();
  }
  throw new Error(`there is no ${name}`);
}
