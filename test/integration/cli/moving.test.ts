import { statSync } from "node:fs";
import { chmod, readdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, it } from "vitest";
import { freePort } from "#standalone/free-port.ts";
import { promotionPeople } from "#test/promotion-people.ts";
import { packageFolder, slipwayCommand } from "#test/slipway-command.ts";
import { smallImageBuilder } from "#test/small-image.ts";
import { testWorker } from "#test/test-worker.ts";
import { whenDone } from "#test/when-done.ts";

const { service, dev, ops, lead } = await promotionPeople();
testWorker(service.registry, smallImageBuilder());
const url = `http://127.0.0.1:${service.port}`;
const slipway = slipwayCommand({ SLIPWAY_URL: url });
const as = ({ token }: { token: string }) => ({ SLIPWAY_TOKEN: token });

for (const version of ["1.0.0", "1.1.0"]) {
  const folder = await packageFolder({ "model/weights.txt": version });
  const { code, errors } = await slipway.run(["push", "churn", folder, "--version", version, "--wait"], as(dev));
  expect(code, errors).toBe(0);
}

it("promotes, rolls back and tells the history", async () => {
  const moved = await slipway.run(["promote", "churn", "1.0.0", "staging", "--reason", "first"], as(ops));
  expect(moved, moved.errors).toMatchObject({
    code: 0,
    out: expect.stringContaining("churn:staging is at 1.0.0, revision 1"),
  });
  await slipway.run(["promote", "churn", "1.1.0", "staging"], as(ops));
  const back = await slipway.run(["rollback", "churn", "staging", "--reason", "incident 42", "--json"], as(ops));
  expect(JSON.parse(back.out)).toMatchObject({ version: "1.0.0", revision: 3 });
  const { out } = await slipway.run(["history", "churn", "staging"], as(ops));
  expect(out.split("\n")[1]).toMatch(/^3 +1\.0\.0 +1\.1\.0 .*incident 42$/);
  const stale = await slipway.run(["promote", "churn", "1.1.0", "staging", "--if-revision", "1"], as(ops));
  expect(stale.code).toBe(5);
});

it("says what a promotion waits for, and waits until it is approved or rejected", async () => {
  const policy = { approvals: { count: 1 } };
  expect((await service.admin("PUT", "/v1/policies/churn/prod", { json: policy })).status).toBe(201);
  const asked = await slipway.run(["promote", "churn", "1.0.0", "prod", "--json"], as(ops));
  expect(asked.code).toBe(0);
  const { id, status } = JSON.parse(asked.out);
  expect(status).toBe("waiting");
  expect((await slipway.run(["promotions", id], as(ops))).out).toMatch(/approvals +waiting/);
  expect((await slipway.run(["reject", id, "--comment", "not today"], as(lead))).code).toBe(0);
  const waiting = slipway.start(["promote", "churn", "1.1.0", "prod", "--wait"], as(ops));
  await waiting.says("waits:");
  const listed = await slipway.run(["promotions", "--json"], as(lead));
  expect((await slipway.run(["approve", JSON.parse(listed.out).items[0].id], as(lead))).code).toBe(0);
  expect(await waiting.ended).toMatchObject({ code: 0, out: expect.stringContaining("churn:prod is at 1.1.0") });
});

it("moves at a time, with another signature, back by force to a revision, and not twice", async () => {
  const later = new Date(Date.now() + 3_600_000).toISOString();
  const put = ["promote", "churn", "1.1.0", "canary", "--json"];
  const waits = JSON.parse((await slipway.run([...put, "--not-before", later, "--breaks-signature"], as(ops))).out);
  expect(waits).toMatchObject({ status: "waiting", notBefore: later, breaksSignature: true });
  const same = await slipway.run(put, as(ops));
  expect(same).toMatchObject({ code: 5, errors: expect.stringContaining("cancel it first") });
  const unnamed = await slipway.run(["rollback", "churn", "staging"], as(ops));
  expect(unnamed).toMatchObject({ code: 5, errors: expect.stringContaining("name the revision to go to") });
  const back = ["rollback", "churn", "staging", "--to", "2", "--force", "--json"];
  expect(await slipway.run(back, as(ops))).toMatchObject({ code: 1, errors: expect.stringContaining("reason") });
  const moved = JSON.parse((await slipway.run([...back, "--reason", "incident 43"], as(ops))).out);
  expect(moved).toMatchObject({ version: "1.1.0", revision: 4, reason: "incident 43" });
});

it("shows models, versions and what differs, as documents of the API where they are wanted", async () => {
  expect((await slipway.run(["ls"], as(dev))).out).toMatch(/^model +latest[\s\S]*^churn +1\.1\.0 /m);
  const { out } = await slipway.run(["ls", "churn", "--json"], as(dev));
  expect(JSON.parse(out).items.map(({ version }: { version: string }) => version)).toEqual(["1.1.0", "1.0.0"]);
  const shown = await slipway.run(["show", "churn@1.0.0", "--json"], as(dev));
  expect(JSON.parse(shown.out)).toEqual((await dev.call("GET", "/v1/models/churn/versions/1.0.0")).json);
  expect((await slipway.run(["show", "churn@1.0.0"], as(dev))).out).toMatch(/^status +ready$/m);
  expect((await slipway.run(["diff", "churn@1.0.0", "1.1.0"], as(dev))).out).toContain("file model/weights.txt");
  expect((await slipway.run(["logs", "-f", "churn@1.0.0"], as(dev))).out).toContain("making a small image");
  expect((await slipway.run(["logs", "churn@1.0.0"], as(dev))).out).toContain("making a small image");
});

it("keeps a token that is accepted, in a file for nobody else, and shows it nowhere", async () => {
  const home = slipwayCommand({});
  const refused = await home.run(["login", url, "--token-stdin"], {}, "slpw_wrong");
  expect(refused).toMatchObject({ code: 4, out: "" });
  const { code, out, errors } = await home.run(["login", url, "--token-stdin"], {}, `${dev.token}\n`);
  expect(code, errors).toBe(0);
  expect(out + errors).not.toContain(dev.token);
  const path = join(home.home, "config/slipway/config.json");
  expect(statSync(path).mode & 0o777).toBe(0o600);
  await chmod(path, 0o644);
  expect((await home.run(["ls"])).out).toContain("churn");
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const elsewhere = await home.run(["ls", "--url", `http://localhost:${service.port}`]);
  expect(elsewhere).toMatchObject({ code: 4, errors: expect.stringContaining("wants a token") });
  expect((await home.run(["logout"])).code).toBe(0);
  expect(await readFile(path, "utf8")).not.toContain(dev.token);
  expect((await home.run(["ls"], { SLIPWAY_URL: url })).code).toBe(4);
  const asked = await home.run(["login", url]);
  expect(asked).toMatchObject({ code: 2, errors: expect.stringContaining("--token-stdin") });
});

it("keeps every profile of several logins at once", async () => {
  const home = slipwayCommand({});
  const names = ["a", "b", "c", "d"];
  const login = (name: string) => home.run(["login", url, "--profile", name, "--token-stdin"], {}, dev.token);
  for (const { code, errors } of await Promise.all(names.map(login))) expect(code, errors).toBe(0);
  const folder = join(home.home, "config/slipway");
  // What is asked for by name counts for more than the environment.
  const elsewhere = { SLIPWAY_URL: "http://127.0.0.1:1", SLIPWAY_TOKEN: "slpw_x" };
  expect((await home.run(["ls", "--profile", names[0] ?? ""], elsewhere)).code).toBe(0);
  const { profiles } = JSON.parse(await readFile(join(folder, "config.json"), "utf8"));
  expect(Object.keys(profiles).sort()).toEqual(names);
  expect(await readdir(folder)).toEqual(["config.json"]);
  await writeFile(join(folder, "config.json"), '{"profiles": {"default": {"url": 5}}}');
  const { code, errors } = await home.run(["ls"]);
  expect([code, errors]).toEqual([2, expect.stringContaining("is not as login writes it: mend it")]);
});

it("lists what waits, however many", async () => {
  const tags = Array.from({ length: 101 }, (_, index) => `w${index}`);
  for (const tag of tags) {
    await service.admin("PUT", `/v1/policies/churn/${tag}`, { json: { approvals: { count: 1 } } });
    await ops.call("PUT", `/v1/models/churn/tags/${tag}`, { json: { version: "1.0.0" } });
  }
  const { items } = JSON.parse((await slipway.run(["promotions", "--json"], as(lead))).out);
  expect(items.map(({ tag }: { tag: string }) => tag)).toEqual(expect.arrayContaining(tags));
});

const nobody = await freePort();
const page = createServer((_request, response) => response.end("<html>"));
const tls = createTlsServer({}, (_request, response) => response.end());
for (const server of [page, tls]) {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  whenDone(() => server.close());
}

it.each([
  ["no server", ["ls", "--url", `http://127.0.0.1:${nobody}`], {}, 6, "is Slipway running there?"],
  ["a name that is not known", ["ls", "--url", "http://nowhere.invalid"], {}, 6, "is it spelled right?"],
  [
    "another server",
    ["ls", "--url", `http://127.0.0.1:${(page.address() as AddressInfo).port}`],
    {},
    6,
    "is not Slipway",
  ],
  [
    "plain http to https",
    ["ls", "--url", `http://127.0.0.1:${(tls.address() as AddressInfo).port}`],
    {},
    6,
    "does it want https://?",
  ],
  ["https to plain http", ["ls", "--url", url.replace("http", "https")], {}, 6, "does not speak https there"],
  ["no address", ["ls", "--url", "slipway.example.com"], {}, 2, "begins with http:// or https://"],
  ["no token", ["ls"], {}, 4, "wants a token: slipway login"],
  ["a token that is not one", ["ls"], { SLIPWAY_TOKEN: "slpw_expired" }, 4, "slipway login takes a new one"],
  ["no such version", ["show", "churn@9.9.9"], as(dev), 3, "9.9.9"],
  ["no right", ["promote", "churn", "1.0.0", "staging"], as(dev), 4, "promote"],
  ["no such profile", ["ls"], { SLIPWAY_PROFILE: "typo" }, 2, 'there is no profile "typo": slipway login'],
  ["no such command", ["psuh"], {}, 2, "Did you mean push?"],
  ["no version named", ["pull", "churn"], as(dev), 2, "which version of churn?"],
] as const)("says in a sentence what to do about %s", async (_what, args, env, code, words) => {
  const ended = await slipway.run([...args], env);
  expect(ended, ended.errors).toMatchObject({ code, out: "", errors: expect.stringContaining(words) });
  expect(ended.errors).not.toMatch(/^ {4}at /m);
});

it("says what is the matter in doctor", async () => {
  const well = await slipway.run(["doctor", "--json"], as(dev));
  expect(well.code, well.errors).toBe(0);
  const names = JSON.parse(well.out).findings.map(({ name }: { name: string }) => name);
  expect(names).toEqual(expect.arrayContaining(["service", "clock", "database", "token", "engine", "space here"]));
  expect(await slipway.run(["doctor", "--url", `http://127.0.0.1:${nobody}`])).toMatchObject({ code: 6 });
  expect(await slipway.run(["doctor"], { SLIPWAY_TOKEN: "slpw_no" })).toMatchObject({ code: 1 });
});
