import { once } from "node:events";
import { readdirSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { digestOf } from "#core/artifacts/digest.ts";
import { predictorPackage } from "#test/sealed.ts";
import { whenDone } from "#test/when-done.ts";
import { zipOf } from "#test/zip-of.ts";
import { checkImage } from "./check-image.ts";
import { buildContext, newInstance, sealedVersion } from "./instance.ts";

/** A wheel that is a module of a few bytes. */
function wheelOf(name: string, version: string, requires: readonly string[] = []): [string, Buffer] {
  const module = name.replaceAll("-", "_");
  const info = `${module}-${version}.dist-info`;
  const metadata = ["Metadata-Version: 2.1", `Name: ${name}`, `Version: ${version}`];
  const lines = [...metadata, ...requires.map((line) => `Requires-Dist: ${line}`), ""];
  const files: [string, Buffer][] = [
    [`${module}.py`, Buffer.from(`version = "${version}"\n`)],
    [`${info}/METADATA`, Buffer.from(lines.join("\n"))],
    [`${info}/WHEEL`, Buffer.from("Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")],
  ];
  const record = [...files.map(([path]) => `${path},,`), `${info}/RECORD,,`, ""].join("\n");
  const bytes = zipOf([...files, [`${info}/RECORD`, Buffer.from(record)]]);
  return [`${module}-${version}-py3-none-any.whl`, bytes];
}

/** Indexes by their first word, which let in by name and password alone. */
async function indexes(login: string, wheels: Record<string, [string, Buffer][]>) {
  const seen: string[] = [];
  const server = createServer(({ url = "", headers }, response) => {
    const [, index = "", project = "", file = ""] = decodeURIComponent(url).split("/");
    const has = wheels[index] ?? [];
    if (headers.authorization !== `Basic ${Buffer.from(login).toString("base64")}`)
      return void response.writeHead(401, { "www-authenticate": "Basic" }).end();
    seen.push(`${index} ${project}`);
    const found = has.find(([name]) => name === file);
    if (found !== undefined) return void response.end(found[1]);
    const own = has.filter(([name]) => name.startsWith(`${project.replaceAll("-", "_")}-`));
    if (own.length === 0) return void response.writeHead(404).end();
    const links = own.map(
      ([name, bytes]) => `<a href="${encodeURIComponent(name)}#${digestOf(bytes).replace(":", "=")}">${name}</a>`,
    );
    response.writeHead(200, { "content-type": "text/html" }).end(links.join("\n"));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  whenDone(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { seen, url: (index: string) => `http://${login}@127.0.0.1:${port}/${index}` };
}

const versionsOf = (lock: { requirements: { name: string; version: string }[] }) =>
  Object.fromEntries(lock.requirements.map(({ name, version }) => [name, version]));

describe("requirements", () => {
  it("keep to their constraints, and to the lock that came of them", async () => {
    const here = await newInstance({ made: "all" });
    const spec = { requirements: ["rich"], constraints: ["markdown-it-py==3.0.0", "numpy<2"] };
    const request = await sealedVersion(here, predictorPackage, { spec });
    const image = await here.builder.build(request, buildContext());
    expect(versionsOf(image.lock)).toMatchObject({ "markdown-it-py": "3.0.0" });
    expect(versionsOf(image.lock)).not.toHaveProperty("numpy");
    expect((await here.builder.build({ ...request, lock: image.lock }, buildContext())).digest).toBe(image.digest);
  });

  it("have torch's wheels from its index alone, and nothing else from there", async () => {
    const secret = "planted-password-of-torch";
    const { url, seen } = await indexes(`ci:${secret}`, {
      torch: [wheelOf("torch", "9.0+cpu", ["idna"]), wheelOf("idna", "99.0"), wheelOf("needs-torch", "9.0", ["torch"])],
      extra: [wheelOf("needs-torch", "1.0", ["torch"]), wheelOf("torch", "8.0")],
    });
    const network = { torchIndex: url("torch"), extraPackageIndexes: [url("extra")] };
    const here = await newInstance({ network, made: "all" });
    for (const requirements of [["torch>=8"], ["needs-torch"]]) {
      const context = buildContext();
      const request = await sealedVersion(here, predictorPackage, { spec: { requirements } });
      const image = await here.builder.build(request, context);
      const versions = versionsOf(image.lock);
      expect(versions["torch"]).toBe("9.0+cpu");
      expect(versions["needs-torch"] ?? "1.0").toBe("1.0");
      expect(versions["idna"]).toMatch(/^3\./);
      const { layers } = await checkImage(image);
      const paths = layers.flatMap(({ entries }) => entries.map(({ path }) => path));
      expect(paths).toContain("opt/slipway/dependencies/torch.py");
      const said = [JSON.stringify(image.lock), image.config.toString(), ...context.lines].join("\n");
      expect(said).not.toContain(secret);
      expect(said).not.toContain("127.0.0.1");
    }
    expect(seen.filter((asked) => asked === "torch idna")).toEqual([]);
    expect(readdirSync(join(here.folder, "scratch"))).toEqual([]);
  }, 180_000);
});
