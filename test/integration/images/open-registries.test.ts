import { expect, it } from "vitest";
import { openRegistries, RegistryMoved } from "#core/images/registries/open-registries.ts";
import { passwordSubject } from "#core/images/registries/registry-record.ts";
import { putSecret } from "#core/secrets/stored-secrets.ts";
import { testService } from "#test/test-service.ts";
import { waitUntil } from "#test/wait-until.ts";
import { whenDone } from "#test/when-done.ts";

const { call, registry } = await testService({ SLIPWAY_SECRET_KEY: "a key of the tests that is long enough" });
const { db, config } = registry;
const registries = openRegistries(registry);
whenDone(() => registries.close());

const { signal } = new AbortController();
const set = async (name: string, json: object) => {
  const answer = await call("PUT", `/v1/registries/${name}`, { json });
  if (answer.status > 201) throw new Error(`the registry answered ${answer.status}: ${answer.bytes}`);
};
const opened = async (name: string) => {
  const { client, login } = await registries.open(name);
  return `${(await login.login(signal))?.password}@${client.host}`;
};

it("a registry is opened for an image only where the image is", async () => {
  await set("moved", { host: "before.example" });
  expect((await registries.open("moved", "before.example")).client.host).toBe("before.example");
  await set("moved", { host: "after.example" });
  await expect(registries.open("moved", "before.example")).rejects.toThrow(RegistryMoved);
  expect((await registries.open("moved", "after.example")).client.host).toBe("after.example");
});

it("a registry that was deleted and made again is opened anew", async () => {
  await set("again", { host: "first.example", username: "ci", password: "first" });
  expect(await opened("again")).toBe("first@first.example");
  await call("DELETE", "/v1/registries/again");
  await set("again", { host: "second.example", username: "ci", password: "second" });
  expect(await opened("again")).toBe("second@second.example");
});

it("a password never meets a host that it was not given for, whenever both are changed", async () => {
  await set("both", { host: "old.example", username: "ci", password: "old" });
  const opening = await db.$transaction(async (tx) => {
    await tx.$executeRaw`LOCK TABLE secrets IN ACCESS EXCLUSIVE MODE`;
    const found = opened("both");
    found.catch(() => {});
    const waiting = async () => {
      const [row] = await db.$queryRaw<{ waiting: bigint }[]>`
        SELECT count(*) AS waiting FROM pg_locks WHERE relation = 'secrets'::regclass AND NOT granted`;
      return row !== undefined && row.waiting > 0n;
    };
    await waitUntil("it has read the registry, and waits for the password", waiting);
    await tx.imageRegistry.update({
      where: { name: "both" },
      data: { host: "new.example", revision: { increment: 1 } },
    });
    await putSecret(tx, config.secrets, { subject: passwordSubject("both"), secret: "new" });
    return { found };
  });
  expect(["old@old.example", "new@new.example"]).toContain(await opening.found);
});

it("of several registries on one host an image is of the one whose template says most of its path", async () => {
  for (const [name, repository] of [
    ["a-wide", "{model}"],
    ["b-team", "team/{model}"],
    ["c-risk", "team/risk/{model}"],
  ] as const)
    await set(name, { host: "shared.example", repository });
  const nameOf = async (repository: string) =>
    (await registries.ofReference({ host: "shared.example", repository }))?.record.name;
  expect(await Promise.all(["team/risk/x", "team/x", "x"].map(nameOf))).toEqual(["c-risk", "b-team", "a-wide"]);
});
