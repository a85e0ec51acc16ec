import { execFile, execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { linkSync, symlinkSync } from "node:fs";
import { mkdir, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { BuildFault } from "#core/images/image-builder.ts";
import { pythonOfTests } from "#standalone/setup/python-tests.mjs";
import { apiProcess } from "#test/service-processes.ts";
import { packageFolder, slipwayCommand } from "#test/slipway-command.ts";
import { smallImageBuilder } from "#test/small-image.ts";
import { tcpProxy } from "#test/tcp-proxy.ts";
import { temporaryFolder } from "#test/temporary-folder.ts";
import { testService } from "#test/test-service.ts";
import { testWorker } from "#test/test-worker.ts";
import { whenDone } from "#test/when-done.ts";

const mebibyte = 1024 ** 2;
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const over = async (signal: AbortSignal) => signal.aborted || once(signal, "abort");
const service = await testService();
testWorker(
  service.registry,
  smallImageBuilder(async (_attempt, { metadata }) => {
    if ("unresolvable" in metadata) throw new BuildFault("requirements_unresolvable", "there is no such wheel");
  }),
);
const url = `http://127.0.0.1:${service.port}`;
const slipway = slipwayCommand({ SLIPWAY_URL: url });

async function pushed(args: string[]) {
  const { code, out, errors } = await slipway.run(["push", ...args, "--json"]);
  expect(code, errors).toBe(0);
  return JSON.parse(out);
}

it("pushes a folder, follows its build and prints image and digest", async () => {
  const folder = await packageFolder();
  const { code, out, errors } = await slipway.run(["push", "churn", folder, "--version", "1.2.0", "--wait"]);
  expect(code, errors).toBe(0);
  expect(errors).toContain("making a small image of churn:1.2.0");
  expect(out).toMatch(/churn:1\.2\.0 {2}ready[\s\S]*image {3}\S+@sha256:[\s\S]*digest {2}sha256:/);
});

it("counts numbers up, and tells labels and metadata", async () => {
  const folder = await packageFolder();
  await writeFile(join(slipway.home, "metrics.json"), '{"auc": 0.91}');
  const told = ["--label", "team=growth", "--metadata", "@metrics.json", "--description", "better"];
  expect(await pushed(["counted", folder, ...told])).toMatchObject({
    version: "1.0.0",
    labels: { team: "growth" },
    metadata: { auc: 0.91 },
    description: "better",
  });
  expect((await pushed(["counted", folder, "--version", "minor"])).version).toBe("1.1.0");
  expect((await pushed(["counted", folder, "--version", "major"])).version).toBe("2.0.0");
  expect((await pushed(["counted", folder, "--version", "auto"])).version).toBe("2.0.1");
});

it("answers with the version that is there where the same is pushed again, and refuses another", async () => {
  const folder = await packageFolder();
  const first = await pushed(["same", folder, "--version", "1.0.0"]);
  expect((await pushed(["same", folder, "--version", "1.0.0"])).contentDigest).toBe(first.contentDigest);
  await writeFile(join(folder, "more.txt"), "more");
  const { code, errors } = await slipway.run(["push", "same", folder, "--version", "1.0.0"]);
  expect(code).toBe(5);
  expect(errors).toContain("is sealed, with other files or metadata: push another version");
});

it("goes on with the draft of a push that was interrupted, and sends what has not arrived", async () => {
  const weights = randomBytes(12 * mebibyte);
  const folder = await packageFolder({ "model/a.bin": weights, "model/b.bin": randomBytes(12 * mebibyte) });
  const proxy = await tcpProxy(url);
  let up = 0;
  let stop = () => {};
  proxy.disturb(async (chunk, direction) => {
    if (direction === "up") up += chunk.length;
    if (up > 16 * mebibyte) stop();
    if (up > 2 * mebibyte) await new Promise((resolve) => setTimeout(resolve, 1));
    return chunk;
  });
  const first = slipway.start(["push", "cut", folder], { SLIPWAY_URL: proxy.urlOf(url) });
  stop = first.interrupt;
  const ended = await first.ended;
  expect(ended).toMatchObject({ code: 130, out: "" });
  expect(ended.errors).toContain("interrupted: the same command goes on where this one ended");
  const version = await pushed(["cut", folder]);
  expect(version).toMatchObject({ version: "1.0.0", fileCount: 3 });
  const { json } = await service.call("GET", "/v1/models/cut/versions");
  expect(json.items).toHaveLength(1);
});

it("goes on with a draft that the Python client has begun", async () => {
  const folder = await packageFolder({ "model/weights.bin": randomBytes(9 * mebibyte) });
  const program = `
import sys, threading
from pathlib import Path
from slipway_client.connection import Connection
from slipway_client.drafts import begin
from slipway_client.folder import digest_of, find_files
from slipway_client.release import Release
files = [digest_of(file, threading.Event(), lambda n: None) for file in find_files(Path(sys.argv[2]), False)]
release = Release("shared", "auto", files, "grün 🌱", {"team": "growth"}, {"b": [1, 0.5], "a": {"é": None}})
print(begin(Connection(sys.argv[1], None, 1, "tests"), release).version)
`;
  const env = { ...process.env, PYTHONPATH: "apps/python-client/src" };
  const { stdout } = await promisify(execFile)(pythonOfTests, ["-c", program, url, folder], { env });
  expect(stdout.trim()).toBe("1.0.0");
  const told = ["-d", "grün 🌱", "-l", "team=growth", "-m", '{"b": [1, 0.5], "a": {"é": null}}'];
  expect((await pushed(["shared", folder, ...told])).version).toBe("1.0.0");
});

it("waits for a service that restarts in between", async () => {
  const first = await apiProcess(service);
  const folder = await packageFolder({ "model/weights.bin": randomBytes(40 * mebibyte) });
  const proxy = await tcpProxy(`http://127.0.0.1:${first.port}`);
  let up = 0;
  let cutAt = 4 * mebibyte;
  proxy.disturb((chunk, direction) => {
    if (direction === "up") up += chunk.length;
    if (up < cutAt) return chunk;
    cutAt = Number.POSITIVE_INFINITY;
    proxy.cut();
    setTimeout(() => proxy.open(), 500);
    return null;
  });
  const { code, errors } = await slipway.run(["push", "restarted", folder], { SLIPWAY_URL: proxy.urlOf(url) });
  expect(code, errors).toBe(0);
  expect(cutAt).toBe(Number.POSITIVE_INFINITY);
});

it("sends nothing of what the service knows", async () => {
  const folder = await packageFolder({ "model/weights.bin": randomBytes(9 * mebibyte) });
  await pushed(["known", folder]);
  const { code, errors } = await slipway.run(["push", "known", folder]);
  expect(code).toBe(0);
  expect(errors).toMatch(/9\.0 MiB of 9\.0 MiB are there already/);
});

it("says what is wrong with a folder", async () => {
  const folder = await packageFolder();
  symlinkSync("/etc/hostname", join(folder, "src/host"));
  const linked = await slipway.run(["push", "bad", folder]);
  expect(linked).toMatchObject({ code: 2, out: "" });
  expect(linked.errors).toContain("src/host: it is a link out of the folder");
  expect((await slipway.run(["push", "bad", "./nowhere"])).errors).toContain("there is no folder ./nowhere");
  const empty = join(slipway.home, "no-model");
  await mkdir(empty, { recursive: true });
  await writeFile(join(empty, "notes.txt"), "none");
  const none = await slipway.run(["push", "bad", empty]);
  expect(none).toMatchObject({ code: 1, out: "" });
  await writeFile(join(empty, "a.onnx"), "a");
  await writeFile(join(empty, "b.onnx"), "b");
  const two = await slipway.run(["push", "bad", empty]);
  expect(two.code).toBe(1);
  for (const { errors } of [linked, none, two]) expect(errors).not.toMatch(/^ {4}at /m);
});

it("says that a file is larger than its quota, and is not begun again", async () => {
  const quota = await service.call("PUT", "/v1/quotas/huge", { json: { fileBytes: 64 * mebibyte } });
  expect(quota.status).toBe(201);
  const folder = await packageFolder();
  await writeFile(join(folder, "src/huge.bin"), "");
  await truncate(join(folder, "src/huge.bin"), 300 * mebibyte);
  const { code, errors } = await slipway.run(["push", "huge", folder]);
  expect(code, errors).toBe(1);
  expect(errors).toContain("src/huge.bin");
});

it("ends with the reason where the image could not be made", async () => {
  const folder = await packageFolder();
  const { code, errors } = await slipway.run(["push", "failing", folder, "-w", "-m", '{"unresolvable": true}']);
  expect(code).toBe(1);
  expect(errors).toContain("failing:1.0.0 could not be built: there is no such wheel");
});

it("leaves no model of a package that is refused", async () => {
  const folder = await packageFolder({
    "slipway.yaml": "schema: 1\nformatt: sklearn\n",
    "model/large.bin": randomBytes(9 * mebibyte),
  });
  const { code, errors } = await slipway.run(["push", "refused", folder]);
  expect([code, errors]).toEqual([1, expect.stringContaining("formatt")]);
  expect((await service.call("GET", "/v1/models/refused")).status).toBe(404);
});

it("answers with the version that the same push, run twice at once, has sealed meanwhile", async () => {
  const folder = await packageFolder({ "model/weights.bin": randomBytes(9 * mebibyte) });
  const proxy = await tcpProxy(url);
  const sending = new AbortController();
  const goesOn = new AbortController();
  proxy.disturb(async (chunk, direction) => {
    if (direction === "down" || !chunk.includes("PUT /v1/")) return chunk;
    sending.abort();
    await over(goesOn.signal);
    return chunk;
  });
  const first = slipway.start(["push", "both", folder, "-v", "1.0.0"], { SLIPWAY_URL: proxy.urlOf(url) });
  await over(sending.signal);
  await pushed(["both", folder, "-v", "1.0.0"]);
  goesOn.abort();
  expect(await first.ended).toMatchObject({ code: 0, out: expect.stringContaining("both:1.0.0") });
});

it("says at once that a file became shorter while it was sent", async () => {
  const folder = await packageFolder({ "model/weights.bin": randomBytes(30 * mebibyte) });
  const proxy = await tcpProxy(url);
  let up = 0;
  proxy.disturb(async (chunk, direction) => {
    if (direction === "up") up += chunk.length;
    if (up > mebibyte) await truncate(join(folder, "model/weights.bin"), mebibyte);
    return chunk;
  });
  const { code, errors } = await slipway.run(["push", "shrunk", folder], { SLIPWAY_URL: proxy.urlOf(url) });
  expect([code, errors]).toEqual([1, expect.stringContaining("model/weights.bin was changed while it was pushed")]);
}, 60_000);

it("shows no control characters of a file's name", async () => {
  const folder = await packageFolder();
  symlinkSync("/etc/hostname", join(folder, "src/\u001b[2Jhost\nslipway: all is well"));
  const { code, errors } = await slipway.run(["push", "bad", folder]);
  expect(code).toBe(2);
  expect(errors).toContain("src/host slipway: all is well: it is a link out of the folder");
  expect(errors).not.toContain("\u001b");
});

it("says that a folder is not its user's to write to", async () => {
  await pushed(["planted", await packageFolder(), "-v", "1.0.0"]);
  const { code, errors } = await slipway.run(["pull", "planted@1.0.0", "/sys"]); // where root may not, either
  expect([code, errors]).toEqual([1, expect.stringMatching(/\/sys\/\S+ cannot be .* by this user \(\w+\): allow it/)]);
});

it("pulls what was pushed, verified, and only what is not there", async () => {
  const folder = await packageFolder({ "model/größe.txt": "ü" });
  await pushed(["pulled", folder]);
  expect((await slipway.run(["pull", "pulled@1.0.0", "to"])).code).toBe(0);
  const to = join(slipway.home, "to");
  expect(await readFile(join(to, "model/größe.txt"), "utf8")).toBe("ü");
  expect(await readdir(to)).not.toContain(".slipway-pull");
  await writeFile(join(to, "model/größe.txt"), "changed");
  const differs = await slipway.run(["verify", "pulled@1.0.0", "to"]);
  expect(differs).toMatchObject({ code: 1, out: expect.stringMatching(/differs +to\/model\/größe\.txt/) });
  expect((await slipway.run(["pull", "pulled@1.0.0", "to"])).code).toBe(0);
  expect((await slipway.run(["verify", "pulled@1.0.0", "to"])).out).not.toContain("differs");
});

it("writes nothing through a link that leads out of the folder", async () => {
  const folder = await packageFolder();
  await pushed(["outside", folder]);
  const elsewhere = join(slipway.home, "elsewhere");
  await mkdir(elsewhere);
  await mkdir(join(slipway.home, "linked"));
  symlinkSync(elsewhere, join(slipway.home, "linked/src"));
  const { code, errors } = await slipway.run(["pull", "outside@1.0.0", "linked"]);
  expect(code).toBe(1);
  expect(errors).toContain("by way of a link: remove the link");
  expect(await readdir(elsewhere)).toEqual([]);
});

for (const [what, lay] of [
  ["a link", (part: string, mine: string) => symlinkSync(mine, part)],
  ["a link that leads nowhere", (part: string, mine: string) => symlinkSync(`${mine}-not`, part)],
  ["a second name of a file", (part: string, mine: string) => linkSync(mine, part)],
  ["a pipe", (part: string) => execFileSync("mkfifo", [part])],
] as const)
  it(`opens no part of a pull that is ${what}`, async () => {
    const folder = await packageFolder();
    const { model, version } = await pushed(["planted", folder, "-v", "1.0.0"]);
    const { json } = await service.call("GET", `/v1/models/${model}/versions/${version}/files`);
    const to = temporaryFolder();
    const parts = join(to, "back/.slipway-pull");
    const mine = join(to, "mine.txt");
    await mkdir(parts, { recursive: true });
    await writeFile(mine, "mine");
    for (const { digest, path } of json.items)
      lay(join(parts, `${digest.slice(-64)}-${sha256(path).slice(0, 16)}.part`), mine);
    const { code, errors } = await slipway.run(["pull", "planted@1.0.0", join(to, "back")]);
    expect([code, errors]).toEqual([1, expect.stringContaining("stands in the way: remove it")]);
    expect(await readdir(to)).toEqual(["back", "mine.txt"]);
    expect(await readFile(mine, "utf8")).toBe("mine");
  });

/** The service, by somebody between who changes what it says. */
async function changed(change: (text: string) => string): Promise<string> {
  const between = createServer(async (request, response) => {
    const answer = await fetch(`${url}${request.url}`, { headers: { "accept-encoding": "identity" } });
    const { "content-length": _, ...headers } = Object.fromEntries(answer.headers);
    response.writeHead(answer.status, headers).end(change(await answer.text()));
  });
  whenDone(() => between.close());
  await once(between.listen(0, "127.0.0.1"), "listening");
  return `http://127.0.0.1:${(between.address() as AddressInfo).port}`;
}

it.each([
  ["a digest that is a path", /sha256:[0-9a-f]{60}/g, "sha256:../../../../x", "which is none"],
  ["more bytes than it said", /^class Predictor/m, "# more\nclass Predictor", "more came of src/predictor.py than"],
])("writes nothing of a service that names %s", async (_, what, by, said) => {
  const folder = await packageFolder();
  await pushed(["believed", folder]);
  const liar = await changed((text) => text.replace(what, by));
  const { code, errors } = await slipway.run(["pull", "believed@1.0.0", "victim/inside", "--url", liar]);
  expect([code, errors]).toEqual([1, expect.stringContaining(said)]);
  expect(await readdir(join(slipway.home, "victim")).catch(() => [])).not.toContain("x");
  const program = `
import sys
from slipway_client import Slipway, SlipwayError
try:
    Slipway(sys.argv[1]).pull("believed", "1.0.0", to=sys.argv[2])
except SlipwayError as error:
    print(error)
`;
  const env = { ...process.env, PYTHONPATH: "apps/python-client/src" };
  const args = ["-c", program, liar, join(slipway.home, "victim/python")];
  expect((await promisify(execFile)(pythonOfTests, args, { env })).stdout).toContain(said);
});

it("keeps parts in no folder that a link leads to", async () => {
  await pushed(["planted", await packageFolder(), "-v", "1.0.0"]);
  const elsewhere = temporaryFolder();
  const to = temporaryFolder();
  symlinkSync(elsewhere, join(to, ".slipway-pull"));
  const { code, errors } = await slipway.run(["pull", "planted@1.0.0", to]);
  expect([code, errors]).toEqual([1, expect.stringContaining("stands in the way: remove it")]);
  expect(await readdir(elsewhere)).toEqual([]);
});

it("lets one pull at a time into a folder, and goes on after one that was killed", async () => {
  const weights = randomBytes(10 * mebibyte);
  await pushed(["twice", await packageFolder({ "model/weights.bin": weights })]);
  const proxy = await tcpProxy(url);
  let down = 0;
  const half = new AbortController();
  const goesOn = new AbortController();
  proxy.disturb(async (chunk, direction) => {
    if (direction === "down") down += chunk.length;
    if (down < 5 * mebibyte) return chunk;
    half.abort();
    await over(goesOn.signal);
    return chunk;
  });
  const to = join(temporaryFolder(), "back");
  const first = slipway.start(["pull", "twice@1.0.0", to], { SLIPWAY_URL: proxy.urlOf(url) });
  await over(half.signal);
  const second = await slipway.run(["pull", "twice@1.0.0", to]);
  expect([second.code, second.errors]).toEqual([
    6,
    expect.stringContaining(`another pull is at ${to}: run this again`),
  ]);
  first.kill();
  await first.ended;
  goesOn.abort();
  down = 0;
  proxy.disturb((chunk, direction) => {
    if (direction === "down") down += chunk.length;
    return chunk;
  });
  const { code, errors } = await slipway.run(["pull", "twice@1.0.0", to], { SLIPWAY_URL: proxy.urlOf(url) });
  expect(code, errors).toBe(0);
  expect(down).toBeLessThan(7 * mebibyte);
  expect((await readFile(join(to, "model/weights.bin"))).equals(weights)).toBe(true);
  expect(await readdir(to)).not.toContain(".slipway-pull");
});

it("takes the place of a pull in a container that is gone", async () => {
  await pushed(["planted", await packageFolder(), "-v", "1.0.0"]);
  const to = temporaryFolder();
  await mkdir(join(to, ".slipway-pull"));
  await writeFile(join(to, ".slipway-pull/lock"), '{"id": "1", "host": "another", "pid": 1}');
  const { code, errors } = await slipway.run(["pull", "planted@1.0.0", to]);
  expect(code, errors).toBe(0);
  expect(await readdir(to)).not.toContain(".slipway-pull");
});

it("goes on with a pull that was cut off", async () => {
  const weights = randomBytes(10 * mebibyte);
  const folder = await packageFolder({ "model/weights.bin": weights });
  await pushed(["long", folder]);
  const proxy = await tcpProxy(url);
  let down = 0;
  let cuts = 0;
  proxy.disturb((chunk, direction) => {
    if (direction === "down") down += chunk.length;
    if (cuts === 0 && down > 5 * mebibyte) {
      cuts += 1;
      return null;
    }
    return chunk;
  });
  const { code, errors } = await slipway.run(["pull", "long@1.0.0"], { SLIPWAY_URL: proxy.urlOf(url) });
  expect(code, errors).toBe(0);
  expect(cuts).toBe(1);
  expect(down).toBeLessThan(14 * mebibyte);
  expect((await readFile(join(slipway.home, "long/model/weights.bin"))).equals(weights)).toBe(true);
  await rm(join(slipway.home, "long"), { recursive: true });
});
