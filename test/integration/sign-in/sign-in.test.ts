import { expect, it } from "vitest";
import { signingIn, textOn, tokenOn } from "#test/sign-in.ts";
import { waitUntil } from "#test/wait-until.ts";

const { service, provider, newBrowser, signIn } = await signingIn();
const { admin, as, call } = service;
const person = (name: string) => admin("GET", `/v1/identities/${name}`);
provider.accounts["sub-grace"] = {
  preferred_username: "Grace@Example.com",
  name: "Grace Hopper",
  groups: ["everybody", "fraud-team"],
};

it("gives whoever signs in a token with the roles of their groups, and shows it once", async () => {
  const page = await signIn("sub-grace");
  expect(page.status).toBe(200);
  expect(textOn(page)).toContain("Signed in as grace@example.com");
  const token = tokenOn(page);
  const { json: me } = await as(token)("GET", "/v1/me");
  expect(me).toMatchObject({
    name: "grace@example.com",
    kind: "person",
    title: "Grace Hopper",
    grants: [
      { role: "uploader", pattern: "fraud.*" },
      { role: "builder", pattern: "fraud.*" },
    ],
    token: { name: "browser", grants: null },
  });
  expect((await as(token)("POST", "/v1/models", { json: { name: "fraud.scores" } })).status).toBe(201);
  expect((await as(token)("POST", "/v1/models", { json: { name: "churn" } })).status).toBe(403);
  expect(Date.parse(me.token.expiresAt) - Date.now()).toBeLessThanOrEqual(12 * 3_600_000);
});
it("x", async () => { void newBrowser; void call; void waitUntil; void person; });
