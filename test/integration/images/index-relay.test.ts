import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, request, type ServerResponse } from "node:http";
import { type AddressInfo, connect, createServer as createListener } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, it } from "vitest";
import { digestOf } from "#core/artifacts/digest.ts";
import { forward, forwardPort, relay, relayFiles } from "#core/images/engine/index-relay.ts";
import { findSdists, makeWheels, stepExits } from "#core/images/engine/step-scripts.ts";
import { pythonWithPip } from "#standalone/setup/python-with-pip.mjs";
import { sdistOf } from "#test/company-network.ts";
import { machinesNetwork } from "#test/plain-network.ts";
import { temporaryFolder } from "#test/temporary-folder.ts";
import { waitUntil } from "#test/wait-until.ts";
import { whenDone } from "#test/when-done.ts";

const python = pythonWithPip() ?? "python3";
const sdist = await sdistOf("thing-1.0", {
  "PKG-INFO": "Metadata-Version: 2.1\nName: thing\nVersion: 1.0\n",
  padding: randomBytes(200_000).toString("base64"),
});
const digest = digestOf(sdist).replace(":", "=");
const linkTo = (path: string) => `<a href="${path}thing-1.0.tar.gz#${digest}">thing</a>`;

it.each([
  ["a link that is none", `<a href="http://[x/thing-0.9.tar.gz">thing</a>${linkTo("/files/")}`],
  ["a base that is none", `<base href="http://[x/">${linkTo("/files/")}`],
  ["a folder with a space", linkTo("/files/a folder/")],
  ["a query with a space", `<a href="/files/thing-1.0.tar.gz?of=a folder#${digest}">thing</a>`],
])("a project is given with its files where its page has %s", async (_, links) => {
  const { ask } = await relayOf(links, (response) => response.end(sdist));
  const page = await ask("/0/thing/");
  expect(page.status).toBe(200);
  const [, path = ""] = /href="(\/file\/[^"#]+)#/.exec(page.bytes.toString()) ?? [];
  expect(await ask(path)).toEqual({ status: 200, bytes: sdist });
});

it("torch is asked for at its own index, and no other project there", async () => {
  const { ask } = await relayOf(linkTo("/files/"), (response) => response.end(sdist), { hasTorchIndex: true });
  const statuses = async (...paths: string[]) => Promise.all(paths.map(async (path) => (await ask(path)).status));
  expect(await statuses("/0/thing/", "/1/torch/", "/1/TorchVision/")).toEqual([200, 200, 200]);
  expect(await statuses("/0/torch/", "/1/thing/", "/2/torch/")).toEqual([404, 404, 404]);
});

const cuts: Record<string, (response: ServerResponse) => void> = {
  "ends too early": (response) => void response.socket?.end(),
  "is reset": (response) => void response.socket?.resetAndDestroy(),
};

it.each(Object.entries(cuts))(
  "a file whose connection %s is given as far as it came, and is the index's fault, which is tried again",
  async (_, cut) => {
    const { folder, ask } = await relayOf(linkTo("/files/"), (response) => {
      response.setHeader("content-length", sdist.length);
      response.write(sdist.subarray(0, 100_000), () => setTimeout(cut, 200, response));
    });
    const page = await ask("/0/thing/");
    const [, path = ""] = /href="(\/file\/[^"#]+)#/.exec(page.bytes.toString()) ?? [];
    const { bytes } = await ask(path);
    expect([bytes.length < sdist.length, bytes.equals(sdist.subarray(0, bytes.length))]).toEqual([true, true]);
    const fault = "the package index broke off in the middle of a file\n";
    expect(readFileSync(join(folder, "index/fault"), "utf8")).toBe(fault);
    expect(await wheelsIn(folder)).toEqual({ exitCode: stepExits.part, said: expect.stringContaining(fault) });
  },
);

/** An index that has one project, and the relay of it, in a folder that is /slipway to it. */
async function relayOf(
  links: string,
  give: (response: ServerResponse) => void,
  { hasTorchIndex = false }: { hasTorchIndex?: boolean } = {},
) {
  const index = createServer(({ url }, response) => {
    if (url?.startsWith("/files/")) give(response);
    else response.setHeader("content-type", "text/html").end(links);
  });
  index.listen(0, "127.0.0.1");
  await once(index, "listening");
  whenDone(() => {
    index.closeAllConnections();
    index.close();
  });
  const packageIndex = `http://127.0.0.1:${(index.address() as AddressInfo).port}/simple`;
  const folder = temporaryFolder();
  const torchIndex = hasTorchIndex ? packageIndex : null;
  const files = { ...relayFiles({ ...machinesNetwork, packageIndex, torchIndex }), "relay.py": relay };
  for (const name of ["net", "index"]) mkdirSync(join(folder, name));
  for (const [name, content] of Object.entries(files)) put(join(folder, "net", name), folder, content);
  start([python, join(folder, "net/relay.py")]);
  const socketPath = join(folder, "index/socket");
  await waitUntil("the relay listens", () => answers(socketPath));
  const ask = async (path: string) => {
    const asking = request({ socketPath, path }).end();
    const [answer] = await once(asking, "response");
    const parts: Buffer[] = [];
    try {
      for await (const part of answer) parts.push(part);
    } catch {} // it was cut
    return { status: answer.statusCode as number, bytes: Buffer.concat(parts) };
  };
  return { folder, ask };
}

/** A socket stands in its folder a moment before it takes anybody. */
async function answers(socketPath: string): Promise<boolean> {
  const asking = connect(socketPath);
  try {
    await once(asking, "connect");
    return true;
  } catch {
    return false;
  } finally {
    asking.destroy();
  }
}

/** The step that makes wheels of `thing`, beside that relay. */
async function wheelsIn(folder: string) {
  const probe = createListener().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  await new Promise((closed) => probe.close(closed));
  const files = {
    "requirements.in": "thing\n",
    "constraints.in": "",
    "sdists.py": findSdists,
    "forward.py": forward,
    "wheels.sh": makeWheels(1).replaceAll("python3", python),
  };
  for (const [name, content] of Object.entries(files))
    put(join(folder, name), folder, content.replaceAll(String(forwardPort), String(port)));
  const step = start(["/bin/sh", join(folder, "wheels.sh")]);
  const [said, [exitCode]] = await Promise.all([text(step.stdout), once(step, "close")]);
  return { exitCode, said };
}

function put(path: string, folder: string, content: string): void {
  writeFileSync(path, content.replaceAll("/slipway", folder));
}

/** Ended with all that it starts. */
function start([command = "", ...args]: string[]) {
  const child = spawn(command, args, { detached: true, stdio: ["ignore", "pipe", "inherit"] });
  whenDone(() => {
    try {
      process.kill(-(child.pid as number), "SIGKILL");
    } catch {} // it has ended
  });
  return child;
}
