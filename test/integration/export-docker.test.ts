import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { finished, predictorPackage } from "#test/sealed.ts";
import { smallImageBuilder } from "#test/small-image.ts";
import { temporaryFolder } from "#test/temporary-folder.ts";
import { draftOf, testService } from "#test/test-service.ts";
import { testWorker } from "#test/test-worker.ts";

const service = await testService();
const { call, registry } = service;
testWorker(registry, smallImageBuilder());
const at = (model: string) => `/v1/models/${model}/versions/1.0.0`;
const exported = (model: string, format = "tar.gz") => call("GET", `${at(model)}/package?as=docker&format=${format}`);

async function readyWith(model: string, files: Record<string, string> = {}): Promise<void> {
  await draftOf(service, model, "1.0.0", { ...predictorPackage, ...files });
  const sealing = await call("POST", `${at(model)}/seal`);
  expect([sealing.status, sealing.json.errors]).toEqual([202, undefined]);
  await finished(service, sealing.json.build.id);
}

/** What a program of the system makes of the archive. */
async function unpacked(model: string, format = "tar.gz"): Promise<string> {
  const answer = await exported(model, format);
  expect([answer.status, answer.json?.detail]).toEqual([200, undefined]);
  const folder = temporaryFolder();
  const archive = join(folder, "archive");
  const into = join(folder, "files");
  mkdirSync(into);
  writeFileSync(archive, answer.bytes);
  if (format === "zip") execFileSync("python3", ["-m", "zipfile", "-e", archive, into]);
  else execFileSync("tar", ["-xzf", archive, "-C", into]);
  return into;
}

const read = (folder: string, path: string) => readFileSync(join(folder, path), "utf8");

describe("a package to build by hand", () => {
  it("holds the package's files, and all that the guide's package has", async () => {
    await readyWith("churn", {
      "README.md": "# churn\n",
      "slipway.yaml": "environment: {ZONE: 'a b'}\nresources: {cpu: 2, memory: 4Gi}\n",
    });
    const folder = await unpacked("churn");
    expect(readdirSync(folder).sort()).toEqual([
      ".dockerignore",
      "Dockerfile",
      "README.md",
      "docker-compose.yml",
      "requirements.txt",
      "slipway",
      "slipway.yaml",
      "src",
    ]);
    expect(readdirSync(join(folder, "slipway")).sort()).toEqual([
      "MODEL_CARD.md",
      "bin",
      "lock.txt",
      "model.json",
      "runtime",
    ]);
    expect(read(folder, "README.md")).toBe("# churn\n");
    expect(read(folder, "src/predictor.py")).toBe(predictorPackage["src/predictor.py"]);
    expect(read(folder, "slipway/MODEL_CARD.md")).toContain("## Version 1.0.0");
    expect(statSync(join(folder, "slipway/bin/slipway-runtime")).mode & 0o111).not.toBe(0);
    const dockerfile = read(folder, "Dockerfile");
    expect(dockerfile).toMatch(/^ARG BASE=\S+$/m);
    expect(dockerfile.match(/^FROM \$\{BASE\}/gm)?.length).toBe(3);
    expect(dockerfile).toContain('ENV ZONE="a b"');
    expect(dockerfile).toContain('"--require-hashes"');
    const { model } = parse(read(folder, "docker-compose.yml")).services;
    expect(model).toMatchObject({
      build: { context: "." },
      image: "churn:1.0.0",
      read_only: true,
      deploy: { resources: { limits: { cpus: "2", memory: "4g" } } },
    });
    const description = JSON.parse(read(folder, "slipway/model.json"));
    const { contentDigest } = (await call("GET", at("churn"))).json;
    expect(description).toMatchObject({ model: "churn", version: "1.0.0", contentDigest });
  });

  it("is the same bytes each time, with the length that was announced, known by an ETag", async () => {
    await readyWith("same");
    for (const format of ["tar.gz", "zip"]) {
      const [first, again] = [await exported("same", format), await exported("same", format)];
      expect(again.bytes.equals(first.bytes)).toBe(true);
      expect(first.headers).toMatchObject({
        "content-length": String(first.bytes.length),
        "content-disposition": `attachment; filename=same-1.0.0-docker.${format}`,
      });
      const headers = { "if-none-match": String(first.headers["etag"]) };
      const known = await call("GET", `${at("same")}/package?as=docker&format=${format}`, { headers });
      expect([known.status, known.bytes.length]).toEqual([304, 0]);
      const plain = await call("GET", `${at("same")}/package?format=${format}`, { headers });
      expect(plain.status).toBe(200);
    }
  });

  it("replaces no file of the package", async () => {
    const own = {
      Dockerfile: "FROM scratch\n",
      "docker-compose.yml": "services: {}\n",
      ".dockerignore": "*\n",
      "requirements.txt": "# nothing\n",
      "readme.md": "# mine\n",
      "Slipway/notes.txt": "mine\n",
    };
    await readyWith("owner", own);
    const folder = await unpacked("owner");
    for (const [path, content] of Object.entries(own)) expect(read(folder, path)).toBe(content);
    expect(readdirSync(join(folder, "slipway-2")).sort()).toEqual([
      "Dockerfile",
      "Dockerfile.dockerignore",
      "MODEL_CARD.md",
      "bin",
      "docker-compose.yml",
      "lock.txt",
      "model.json",
      "runtime",
    ]);
    expect(read(folder, "slipway-2/Dockerfile")).toContain("COPY slipway-2/ /opt/slipway/\n");
    const { build } = parse(read(folder, "slipway-2/docker-compose.yml")).services.model;
    expect(build).toMatchObject({ context: "..", dockerfile: "slipway-2/Dockerfile" });
  });

  it("installs what the index has as sources alone by the hash of the sources, with what compiles them", async () => {
    await readyWith("wheels");
    const at = { where: { version: { model: { name: "wheels" } } } };
    const { id, lock } = await registry.db.build.findFirstOrThrow(at);
    const wheel = { name: "numpy", version: "2.4.6", wheel: "numpy-2.4.6-cp311.whl", sha256: "a".repeat(64) };
    const made = { name: "hdbscan", version: "0.8.4", wheel: "hdbscan-0.8.4-cp311.whl", sha256: "b".repeat(64) };
    const sdist = { file: "hdbscan-0.8.4.tar.gz", sha256: "c".repeat(64) };
    const lockOf = async (requirements: object[]) => {
      await registry.db.build.update({ where: { id }, data: { lock: { ...(lock as object), requirements } } });
      return unpacked("wheels");
    };
    const plain = await lockOf([wheel]);
    expect(read(plain, "Dockerfile")).not.toContain("gcc");
    const folder = await lockOf([wheel, { ...made, sdist }]);
    expect(read(folder, "slipway/lock.txt").split("\n")).toEqual([
      `numpy==2.4.6 --hash=sha256:${"a".repeat(64)}`,
      `hdbscan==0.8.4 --hash=sha256:${"c".repeat(64)}`,
      "",
    ]);
    const [, dependencies = "", package_ = ""] = read(folder, "Dockerfile").split(/^FROM /m);
    expect(dependencies).toContain(" gcc ");
    expect(package_).not.toContain(" gcc ");
  });

  it("of a version that its own Dockerfile builds has that Dockerfile as it is", async () => {
    await readyWith("itself", {
      Dockerfile: "FROM scratch\n",
      "slipway.yaml": "build: dockerfile\nserve: {port: 5000, health: /up}\n",
    });
    const folder = await unpacked("itself");
    expect(readdirSync(folder).sort()).toEqual([
      "Dockerfile",
      "README.md",
      "docker-compose.yml",
      "slipway.yaml",
      "src",
    ]);
    expect(read(folder, "Dockerfile")).toBe("FROM scratch\n");
    const { model } = parse(read(folder, "docker-compose.yml")).services;
    expect(model.build).toEqual({ context: "." });
    expect(model.ports).toEqual([`\${PORT:-8000}:5000`]);
  });

  it("has the same files as zip, where the launcher can be run", async () => {
    await readyWith("zipped");
    const files = (folder: string) => readdirSync(folder, { recursive: true }).sort();
    const zip = await unpacked("zipped", "zip");
    expect(files(zip)).toEqual(files(await unpacked("zipped")));
    const mode = "import sys, zipfile; print(zipfile.ZipFile(sys.argv[1]).getinfo(sys.argv[2]).external_attr >> 16)";
    const modeOf = (path: string) => Number(execFileSync("python3", ["-c", mode, join(zip, "../archive"), path]));
    expect(modeOf("slipway/bin/slipway-runtime")).toBe(0o100755);
    expect(modeOf("slipway/lock.txt")).toBe(0o100644);
  });

  it("is not made of a draft, nor where there is no lock to install by", async () => {
    await draftOf(service, "open", "1.0.0", predictorPackage);
    const open = await exported("open");
    expect([open.status, open.json.type]).toEqual([409, "/problems/version_not_sealed"]);
    const { status, json } = await call("GET", `${at("open")}/package?as=helm`);
    expect([status, json.type]).toEqual([400, "/problems/invalid_request"]);
    const unmade = await testService();
    await draftOf(unmade, "unmade", "1.0.0", predictorPackage);
    await unmade.call("POST", `${at("unmade")}/seal`);
    const answer = await unmade.call("GET", `${at("unmade")}/package?as=docker`);
    expect([answer.status, answer.json.type]).toEqual([409, "/problems/version_not_ready"]);
    expect(answer.json.detail).toContain("it has no image yet: wait until it is ready");
  });
});
