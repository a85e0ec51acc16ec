import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";
import { composeCommand, composeService } from "#test/compose.ts";
import { dockerEngine } from "#test/docker-engine.ts";
import { expectSameAnswer } from "#test/expect-same-answer.ts";
import { realModel } from "#test/real-models.ts";
import { serviceImages, whyNoImages } from "#test/service-images.ts";
import { tarOf } from "#test/tar-of.ts";
import { waitUntil } from "#test/wait-until.ts";

const execute = promisify(execFile);
const engine = dockerEngine();
const why =
  engine === null ? "no engine" : composeCommand() === null ? "there is no docker compose" : await whyNoImages();
const model = realModel("custom"); // its runtime is the smallest

if (why !== null) describe.skip(`the service in containers (${why})`, () => void it("is not tried", () => {}));
else
  describe("the service in containers", async () => {
    const npmToken = randomBytes(20).toString("hex");
    const images = serviceImages(async () => {
      const { stdout: registry } = await execute("npm", ["config", "get", "registry"]);
      return `registry=${registry.trim()}\n//npm.example/:_authToken=${npmToken}\n`;
    });
    const service = await composeService(images);
    let token = "";

    const docker = (...args: string[]): Promise<string> =>
      engine?.docker(...args) ?? Promise.reject(new Error(why ?? ""));
    const call = async (method: string, path: string, body?: unknown) => {
      const bytes = Buffer.isBuffer(body);
      const answer = await fetch(service.url + path, {
        method,
        headers: {
          ...(token === "" ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { "content-type": bytes ? "application/x-tar" : "application/json" }),
        },
        ...(body === undefined ? {} : { body: bytes ? new Uint8Array(body) : JSON.stringify(body) }),
        signal: AbortSignal.timeout(30_000),
      });
      return { status: answer.status, text: await answer.text() };
    };
    const json = async (path: string) => JSON.parse((await call("GET", path)).text);
    const upload = async (version: string, files: Record<string, Buffer>) =>
      expect(await call("POST", `/v1/models/custom/versions?version=${version}`, await tarOf(files))).toMatchObject({
        status: 202,
      });
    const ready = (version: string) =>
      waitUntil(
        `${version} is ready`,
        async () => {
          const found = await json(`/v1/models/custom/versions/${version}`);
          expect(["sealed", "building", "ready"]).toContain(found.status);
          if (found.status !== "ready") return null;
          const { items } = await json("/v1/models/custom/tags");
          const inPlace = items.every(
            (tag: { registries: { status: string }[] }) => tag.registries[0]?.status === "synced",
          );
          return inPlace ? found : null;
        },
        { withinMs: 240_000, everyMs: 500 },
      );
    const isWell = () =>
      waitUntil(
        "all parts are well",
        async () => {
          // Docker's proxy takes connections before anybody listens behind it.
          const answer = await fetch(`${service.url}/readyz`, { signal: AbortSignal.timeout(10_000) }).catch(
            () => null,
          );
          return answer !== null && JSON.parse(await answer.text()).status === "ok";
        },
        { withinMs: 240_000, everyMs: 500 },
      );
    const healthy = (name: string) =>
      waitUntil(
        `${name} is healthy`,
        async () => {
          const states = await Promise.all(
            (await service.containers(name)).map((id) => docker("inspect", "--format", "{{.State.Health.Status}}", id)),
          );
          return states.length > 0 && states.every((state) => state === "healthy");
        },
        { withinMs: 240_000, everyMs: 500 },
      );
    const logsOf = async (id: string) => {
      const { stdout, stderr } = await execute("docker", ["logs", id], { maxBuffer: 64 * 1024 ** 2 });
      return stdout + stderr;
    };

    beforeAll(() => images.make(), 900_000);

    it("comes up from nothing: migrated, with its bucket, healthy, and open to nobody yet", async () => {
      await service.compose("up", "--detach", "--scale", "worker=3");
      await Promise.all([isWell(), healthy("api"), healthy("worker")]);
      expect((await call("GET", "/v1/models")).status).toBe(401);

      const [api = ""] = await service.containers("api");
      // It is shown when the API listens already.
      token = await waitUntil("a setup code is shown", async () => /slps_[0-9A-Za-z]+/.exec(await logsOf(api))?.[0]);
      const made = await call("POST", "/v1/setup", { name: "ada" });
      expect(made.status).toBe(201);
      token = JSON.parse(made.text).token;
      expect((await call("POST", "/v1/models", { name: "custom" })).status).toBe(201);
    });

    it("makes an image that the engine of this machine pulls and runs", async () => {
      await upload("1.0.0", model.files);
      const { image } = await ready("1.0.0");
      try {
        const container = await engine?.runHardened(image.reference);
        if (container === undefined) throw new Error("there is no engine");
        await waitUntil("the image is healthy", async () => (await container.health()) === "healthy", {
          withinMs: 180_000,
          everyMs: 500,
        });
        for (const { request, predictions } of model.cases) {
          const answer = await fetch(`${container.url}/predict`, {
            method: "POST",
            headers: { "content-type": "application/json" },
            body: JSON.stringify(request),
            signal: AbortSignal.timeout(60_000),
          });
          expectSameAnswer(((await answer.json()) as { predictions: unknown }).predictions, predictions);
        }
        await docker("rm", "--force", container.id);
      } finally {
        await docker("rmi", image.reference);
      }
    });

    it("shares its work between three workers", async () => {
      const versions = Array.from({ length: 9 }, (_, i) => `1.1.${i}`);
      for (const version of versions) await upload(version, { ...model.files, "release.txt": Buffer.from(version) });
      for (const version of versions) await ready(version);
      const logs = await Promise.all((await service.containers("worker")).map(logsOf));
      const begun = logs.map((log) =>
        [...log.matchAll(/"buildId":"([^"]+)".*"msg":"work begins"/g)].map(([, id]) => id),
      );
      expect(begun).toHaveLength(3);
      expect(begun.filter((builds) => builds.length > 0)).toHaveLength(3);
      expect(new Set(begun.flat()).size).toBe(1 + versions.length);
    });

    it("runs as a plain user, without capabilities, on a root that nobody writes to", async () => {
      expect(await service.containers("worker")).toHaveLength(3);
      for (const name of ["api", "worker"])
        for (const id of await service.containers(name)) {
          const status = await docker("exec", id, "cat", "/proc/1/status");
          expect(status).toMatch(/^Uid:\s+65532\s+65532\s+65532\s+65532$/m);
          expect(status).toMatch(/^CapEff:\s+0+$/m);
          expect(status).toMatch(/^CapBnd:\s+0+$/m);
          expect(status).toMatch(/^NoNewPrivs:\s+1$/m);
          await expect(docker("exec", id, "touch", "/opt/slipway/here")).rejects.toThrow(/Read-only file system/);
        }
      for (const name of ["postgres", "redis", "s3", "registry"])
        for (const id of await service.containers(name)) {
          const [{ HostConfig }] = JSON.parse(await docker("inspect", id));
          expect([name, HostConfig.ReadonlyRootfs, HostConfig.CapDrop]).toEqual([name, true, ["ALL"]]);
        }
      // What a worker's tools have left is reaped.
      for (const id of await service.containers("worker"))
        await waitUntil("all that has ended is reaped", async () => {
          // One that ends meanwhile is not found.
          const stats = await docker("exec", id, "sh", "-c", "cat /proc/[0-9]*/stat 2>/dev/null || true");
          return stats.includes(" (") && !/\) Z /.test(stats);
        });
    });

    it("shows no secret: not in the image, not in a container's settings, not in a log", async () => {
      const secrets = readdirSync(service.secrets)
        .filter((name) => /password|user|secret-key|redis\.conf/.test(name))
        .map((name) => readFileSync(join(service.secrets, name), "utf8").trim().replace("requirepass ", ""));
      expect(secrets).toHaveLength(5);
      const containers = (await service.compose("ps", "--quiet")).trim().split("\n");
      const shown = [
        ...(await Promise.all(containers.map(async (id) => (await docker("inspect", id)) + (await logsOf(id))))),
        await docker("history", "--no-trunc", images.tags.service),
      ].join("\n");
      for (const secret of [...secrets, token, npmToken]) expect(shown).not.toContain(secret);
      const saved = await execute("bash", [
        "-c",
        `docker save ${images.tags.service} | grep --count --text ${npmToken}`,
      ]).catch((error: { stdout: string }) => error);
      expect(saved.stdout.trim()).toBe("0");
      const left = await docker(
        "run",
        "--rm",
        "--user=0",
        "--entrypoint",
        "sh",
        images.tags.service,
        "-c",
        "ls -A /root /tmp /data; which npm pip3 || true",
      );
      expect(left.replaceAll(/^(?:\/.*:|\.bashrc|\.profile|)$/gm, "").trim()).toBe("");
    });

    it("ends in order when it is told to stop", async () => {
      const containers = [...(await service.containers("api")), ...(await service.containers("worker"))];
      expect(containers).toHaveLength(4);
      await service.compose("stop");
      for (const id of containers) {
        const state = JSON.parse(await docker("inspect", "--format", "{{json .State}}", id));
        expect(state).toMatchObject({ Running: false, ExitCode: 0, OOMKilled: false });
        expect(await logsOf(id)).toContain('"msg":"ending in order"');
      }
    });

    it("has everything again after it was taken down and brought up", async () => {
      const before = (await docker("volume", "ls", "--quiet", "--filter", `name=${service.project}`)).split("\n");
      await service.compose("down");
      expect(await docker("ps", "--all", "--quiet", "--filter", `name=${service.project}`)).toBe("");
      expect((await docker("volume", "ls", "--quiet", "--filter", `name=${service.project}`)).split("\n")).toEqual(
        before,
      );
      await service.compose("up", "--detach");
      await isWell();
      const [path = "", bytes = Buffer.alloc(0)] = Object.entries(model.files)[0] ?? [];
      const file = await fetch(`${service.url}/v1/models/custom/versions/1.0.0/files/${path}`, {
        headers: { authorization: `Bearer ${token}` },
        signal: AbortSignal.timeout(30_000),
      });
      const digest = (content: Uint8Array) => createHash("sha256").update(content).digest("hex");
      expect(digest(new Uint8Array(await file.arrayBuffer()))).toBe(digest(bytes));
      // The runtime is known, the registry has its layers.
      await upload("1.2.0", { ...model.files, "release.txt": Buffer.from("1.2.0") });
      const { image } = await ready("1.2.0");
      await docker("pull", "--quiet", image.reference);
      await docker("rmi", image.reference);
    });

    it("leaves nothing when it is taken down with its volumes", async () => {
      await service.compose("down", "--volumes");
      const named = ["--filter", `name=${service.project}`, "--quiet"];
      expect(await docker("ps", "--all", ...named)).toBe("");
      expect(await docker("volume", "ls", ...named)).toBe("");
      expect(await docker("network", "ls", ...named)).toBe("");
    });
  });
