import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Blobs, findBlob } from "#core/artifacts/blobs.ts";
import { fileBlobStore } from "#core/artifacts/file-blob-store.ts";
import { runBasePython } from "#core/images/bases/base-python.ts";
import type { BaseSource } from "#core/images/bases/base-source.ts";
import { instanceBase } from "#core/images/bases/instance-base.ts";
import { temporaryFolder } from "#test/temporary-folder.ts";
import { testDatabase } from "#test/test-database.ts";

const limitMs = 240_000;
const standardLibrary = "ssl, sqlite3, ctypes, zlib, bz2, lzma, zoneinfo, socket, multiprocessing";

/** What every base source does, wherever its base comes from. */
export function describeBaseSource(
  name: string,
  make: (needs: Blobs, scratchDir: string) => Promise<BaseSource> | BaseSource,
): void {
  describe(`a base from ${name}`, async () => {
    const [{ db }, { db: emptyDb }] = [await testDatabase(), await testDatabase()];
    const folder = temporaryFolder();
    const needs = { db, blobs: fileBlobStore(join(folder, "artifacts")), cacheDir: join(folder, "cache") };
    const scratchDir = join(folder, "scratch");
    const context = { log: () => {}, signal: new AbortController().signal };
    const basesIn = (cacheDir: string) => readdir(join(cacheDir, "bases"));
    const scratch = () => readdir(scratchDir).catch(() => []);

    it(
      "is made once, and found again by another process of the instance",
      async () => {
        const source = await make(needs, scratchDir);
        const made = await instanceBase(needs, source).ensure(context);
        const again: BaseSource = { name: source.name, make: () => Promise.reject(new Error("made twice")) };
        expect(await instanceBase(needs, again).ensure(context)).toEqual(made);
        expect(await basesIn(needs.cacheDir)).toEqual([made.digest.replace(":", "-")]);
        expect(await scratch()).toEqual([]);
      },
      limitMs,
    );

    it("has every layer as a blob, by digest and size", async () => {
      const { layers } = await instanceBase(needs, await make(needs, scratchDir)).ensure(context);
      expect(layers.length).toBeGreaterThan(0);
      for (const { digest, sizeBytes, kind } of layers) {
        expect(kind).toBe("base");
        expect(await findBlob(needs, digest)).toEqual({ digest, sizeBytes });
      }
    });

    it("has a Python with its standard library, which runs from the base's files and is what the base says", async () => {
      const { ensure, files } = instanceBase(needs, await make(needs, scratchDir));
      const base = await ensure(context);
      const { stdout, stderr } = await runBasePython({
        root: await files(base, context),
        pythonPath: base.pythonPath,
        args: ["-c", `import sys, ${standardLibrary}; print('%d.%d.%d' % sys.version_info[:3])`],
        signal: context.signal,
        limitMs,
      });
      expect([stdout.trim(), stderr]).toEqual([base.pythonVersion, ""]);
      expect(base).toMatchObject({ architecture: "amd64", libc: { name: "glibc", version: "2.36" } });
      expect(base.pythonPath).toMatch(/^\/usr\/(?:local\/)?bin\/python3\.\d+$/);
    });

    it(
      "is laid out again where the cache is lost",
      async () => {
        const cacheDir = join(folder, "new-cache");
        const { ensure, files } = instanceBase({ ...needs, cacheDir }, await make(needs, scratchDir));
        const base = await ensure(context);
        expect(await readdir(await files(base, context))).toContain("usr");
        expect(await basesIn(cacheDir)).toEqual([base.digest.replace(":", "-")]);
      },
      limitMs,
    );

    it(
      "leaves nothing of a making that is cancelled",
      async () => {
        const abort = new AbortController();
        const elsewhere = { ...needs, db: emptyDb, cacheDir: join(folder, "cancelled") };
        const cancelling = { log: () => abort.abort(new Error("cancelled")), signal: abort.signal };
        const making = instanceBase(elsewhere, await make(elsewhere, scratchDir)).ensure(cancelling);
        await expect(making).rejects.toThrow("cancelled");
        await expect.poll(() => basesIn(elsewhere.cacheDir)).toEqual([]);
        await expect.poll(scratch).toEqual([]);
        expect(await emptyDb.base.count()).toBe(0);
      },
      limitMs,
    );
  });
}
