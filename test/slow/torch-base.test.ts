import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { fileBlobStore } from "#core/artifacts/file-blob-store.ts";
import { runBasePython } from "#core/images/bases/base-python.ts";
import { debianBase } from "#core/images/bases/debian-base.ts";
import { instanceBase } from "#core/images/bases/instance-base.ts";
import { toolEnvironment } from "#core/images/tool-environment.ts";
import { catalogue } from "#core/packaging/catalogue.ts";
import { plainNetwork } from "#test/plain-network.ts";
import { temporaryFolder } from "#test/temporary-folder.ts";
import { testDatabase } from "#test/test-database.ts";

const limitMs = 600_000;

it(
  "a base with Debian's torch runs a script by it, and keeps what its own Python has",
  async () => {
    const { db } = await testDatabase();
    const folder = temporaryFolder();
    const needs = { db, blobs: fileBlobStore(join(folder, "artifacts")), cacheDir: join(folder, "cache") };
    const packages = catalogue.torchscript.needs.flatMap(({ fromDebian }) => fromDebian?.packages ?? []);
    const source = debianBase(needs, {
      suite: "bookworm",
      packages,
      mmdebstrap: "mmdebstrap",
      scratchDir: join(folder, "scratch"),
      network: plainNetwork,
      environment: toolEnvironment(process.env),
    });
    const lines: string[] = [];
    const context = { log: (line: string) => void lines.push(line), signal: AbortSignal.timeout(limitMs) };
    const bases = instanceBase(needs, source);
    const base = await bases.ensure(context);
    console.log(lines.join("\n"));
    expect(base).toMatchObject({
      source: "debian:bookworm+python3-torch",
      environment: { LD_LIBRARY_PATH: "/usr/lib/x86_64-linux-gnu/blas:/usr/lib/x86_64-linux-gnu/lapack" },
    });
    const root = await bases.files(base, context);
    expect(readdirSync(join(root, "usr/bin")).filter((name) => !name.startsWith("python3"))).toEqual([]);
    const { stdout, stderr } = await runBasePython({
      root,
      pythonPath: base.pythonPath,
      args: [
        "-c",
        "import sys; sys.path.append(sys.argv[1]); import torch, numpy; " +
          "f = torch.jit.script(torch.nn.Linear(2, 1)); print(torch.__version__, f(torch.from_numpy(numpy.ones((3, 2), 'f4'))).shape, torch.linalg.inv(torch.eye(2)).tolist())",
        join(root, "usr/lib/python3/dist-packages"),
      ],
      signal: context.signal,
      limitMs,
    });
    expect([stdout.trim(), stderr]).toEqual(["1.13.0a0 torch.Size([3, 1]) [[1.0, 0.0], [0.0, 1.0]]", ""]);
  },
  limitMs,
);
