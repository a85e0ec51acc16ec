import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { symlinkSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { digestOf } from "#core/artifacts/digest.ts";
import { pageBlocks } from "#test/page-blocks.ts";
import { predictorPackage } from "#test/sealed.ts";
import { smallImageBuilder } from "#test/small-image.ts";
import { temporaryFolder } from "#test/temporary-folder.ts";
import { describeWithBucket } from "#test/test-bucket.ts";
import { draftOf, type TestService, testService } from "#test/test-service.ts";
import { testWorker } from "#test/test-worker.ts";
import { waitUntil } from "#test/wait-until.ts";

/*
 * docs/api.md, as it stands: what it shows of uploading and reading is run by a shell, with curl and jq, and has to do what
 * the words beside it say.
 */

const blocks = pageBlocks("docs/api.md", "sh", "js");

/** The sample that has these words. */
function sample(words: string): string {
  const found = blocks.filter(({ text }) => text.includes(words));
  if (found.length !== 1) throw new Error(`docs/api.md has ${found.length} samples with ${words}`);
  // There is no image in these tests, and so no tag.
  return (found[0]?.text ?? "").replaceAll("/prod/", "/1.2.0/").replaceAll('"from": "prod"', '"from": "1.2.0"');
}

/** Whoever copies the samples, in a folder with the files that they speak of. */
async function reader(service: TestService) {
  const folder = temporaryFolder();
  const weights = randomBytes(20 * 1024 ** 2);
  await writeFile(join(folder, "weights.bin"), weights);
  await writeFile(join(folder, "predictor.py"), "print()\n");
  for (const [path, bytes] of Object.entries(predictorPackage)) {
    const at = join(folder, "model-package", path);
    await mkdir(join(at, ".."), { recursive: true });
    await writeFile(at, bytes);
  }
  symlinkSync(resolve("node_modules"), join(folder, "node_modules"));
  await promisify(execFile)("tar", ["-C", join(folder, "model-package"), "-czf", join(folder, "package.tgz"), "."]);
  // A refusal fails the sample: no reader would pass over it.
  const strict =
    'curl() { case $1 in -f*) command curl -sS "$@" ;; *) command curl -sS --fail-with-body "$@" ;; esac; }';
  const beginning = `set -eu\n${strict}\n${sample("API=http")}`;
  const here = (text: string) => text.replaceAll("127.0.0.1:7070", `127.0.0.1:${service.port}`);
  const run = async (command: string, args: string[]) =>
    (await promisify(execFile)(command, args, { cwd: folder, env: { ...process.env, CI_PIPELINE_ID: "4711" } })).stdout;
  return {
    folder,
    weights,
    shell: (text: string) => run("bash", ["-c", here(`${beginning}${text}`)]),
    async node(text: string) {
      await writeFile(join(folder, "sample.mjs"), here(text));
      return run(process.execPath, ["sample.mjs"]);
    },
    async expectFile(model: string, path: string, bytes: Buffer, version = "1.2.0") {
      const url = `/v1/models/${model}/versions/${version}/files/${path}`;
      const read = await waitUntil("it is verified", async () => {
        const answer = await service.call("GET", url);
        return answer.status === 409 ? null : answer;
      });
      expect([read.status, digestOf(read.bytes)]).toEqual([200, digestOf(bytes)]);
    },
  };
}

const readme = "how a file comes and goes, as docs/api.md shows it";

describe(readme, async () => {
  const fresh = async () => {
    const service = await testService();
    await draftOf(service, "churn", "1.2.0");
    return { service, ...(await reader(service)) };
  };

  it("by PUT, by its digest, in part, and away again", async () => {
    const { service, shell, weights, folder, expectFile } = await fresh();
    const [put = "", list, range, remove] = sample("content-digest: sha-256").split(/^(?=curl)/m);
    await shell(put);
    await expectFile("churn", "model/weights.bin", weights);
    expect(JSON.parse(await shell(list ?? "")).items).toMatchObject([{ path: "model/weights.bin", status: "stored" }]);
    await shell(range ?? "");
    expect((await readFile(join(folder, "first-kib.bin"))).equals(weights.subarray(0, 1_024))).toBe(true);
    await shell(sample("?download=redirect"));
    expect((await readFile(join(folder, "weights.bin"))).equals(weights)).toBe(true);
    await draftOf(service, "churn", "1.3.0");
    const known = JSON.parse(await shell(sample("versions/1.3.0/files")));
    expect([known.stored.length, known.missing.length]).toEqual([1, 0]);
    await expectFile("churn", "model/weights.bin", weights, "1.3.0");
    await shell(remove ?? "");
    expect((await service.call("GET", "/v1/models/churn/versions/1.2.0/files")).json.items).toEqual([]);
  });

  it("from another version, and with all of one as an archive", async () => {
    const { service, shell, weights, expectFile } = await fresh();
    await shell(sample("content-digest: sha-256").split(/^(?=curl)/m)[0] ?? "");
    await shell(sample('"from": "prod"'));
    await expectFile("churn", "model/weights.bin", weights, "1.2.1");
    await expectFile("churn", "src/predictor.py", Buffer.from("print()\n"), "1.2.1");
    await shell(sample("package?format=zip"));
    await shell("tar -xzOf churn-1.2.0.tar.gz model/weights.bin | cmp - weights.bin\n");
    await shell("python3 -m zipfile -e churn-1.2.0.zip unpacked; cmp unpacked/model/weights.bin weights.bin\n");
    expect((await service.call("GET", "/v1/models/churn/versions/1.2.1")).json.fileCount).toBe(2);
  });

  it.each(["--data-binary @-", "$CI_PIPELINE_ID"])("as an archive in one call: %s", async (words) => {
    const service = await testService();
    await service.call("POST", "/v1/models", { json: { name: "churn" } });
    const { shell } = await reader(service);
    const made = JSON.parse(await shell(sample(words)));
    expect(made).toMatchObject({ version: "1.2.0", status: "sealed" });
    expect(made.fileCount).toBe(Object.keys(predictorPackage).length);
  });

  it("by tus, with curl and with tus-js-client", async () => {
    const { service, shell, node, weights, expectFile } = await fresh();
    testWorker(service.registry, smallImageBuilder());
    await shell(sample("upload-offset: $OFFSET"));
    await expectFile("churn", "model/weights.bin", weights);
    await service.call("DELETE", "/v1/models/churn/versions/1.2.0/files/model/weights.bin");
    expect(await node(sample("tus-js-client"))).toMatch(/^there$/m);
    await expectFile("churn", "model/weights.bin", weights);
  });
});

describeWithBucket(`${readme}, straight to S3`, "versitygw", async ({ settings }) => {
  it("with curl", async () => {
    const service = await testService(settings);
    await draftOf(service, "churn", "1.2.0");
    testWorker(service.registry, smallImageBuilder());
    const { shell, weights, expectFile } = await reader(service);
    expect(await shell(sample("sha256sum | cut"))).toMatch(/"status":"(?:verifying|stored)"/);
    await expectFile("churn", "model/weights.bin", weights);
  });
});
