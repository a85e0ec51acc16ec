import { expect, it } from "vitest";
import { decide, publicUrl, signingIn, textOn, toDecision } from "#test/sign-in.ts";

const { service, provider, newBrowser } = await signingIn();
const { admin, as, call } = service;
const { db } = service.registry;
provider.accounts["g-1"] = { preferred_username: "grace", groups: ["fraud-team"] };
provider.accounts["x-1"] = { preferred_username: "nobody", groups: [] };
provider.current = "g-1";

const start = async (name = "grace's laptop") => {
  const { status, json } = await call("POST", "/v1/sign-in/device", { json: { name } });
  if (status !== 201) throw new Error(`the start answered ${status}`);
  return json as { deviceCode: string; userCode: string; verificationUri: string; verificationUriComplete: string };
};
const poll = (deviceCode: string) => call("POST", "/v1/sign-in/device/token", { json: { deviceCode } });

it("a terminal is given a token once its person has signed in and let it in, once", async () => {
  const started = await start();
  expect(started).toMatchObject({
    userCode: expect.stringMatching(/^[B-Z]{4}-[B-Z]{4}$/),
    verificationUri: `${publicUrl}/v1/sign-in/terminal`,
    verificationUriComplete: `${publicUrl}/v1/sign-in/terminal?code=${started.userCode}`,
  });
  const waiting = await poll(started.deviceCode);
  expect([waiting.status, waiting.json]).toEqual([202, { status: "waiting", intervalSeconds: 5 }]);

  const browser = newBrowser();
  const page = await toDecision(browser, started);
  expect(textOn(page)).toMatch(/Signed in as grace A terminal asked at \S+ to act in your name/);
  expect(textOn(page)).toContain(
    ` It shows ${started.userCode} It is at the address 127.0.0.1 It calls itself grace's`,
  );
  expect(page.headers["referrer-policy"]).toBe("same-origin");
  expect((await poll(started.deviceCode)).status).toBe(202);
  expect(textOn(await decide(browser, page, "yes"))).toContain("The terminal is let in");

  const { status, json: given } = await poll(started.deviceCode);
  expect([status, given]).toEqual([
    201,
    {
      token: expect.stringMatching(/^slpw_/),
      expiresAt: expect.any(String),
      identity: "grace",
      grants: [
        { role: "uploader", pattern: "fraud.*" },
        { role: "builder", pattern: "fraud.*" },
      ],
    },
  ]);
  expect((await as(given.token)("GET", "/v1/me")).json).toMatchObject({
    name: "grace",
    token: { name: "terminal grace's laptop" },
  });
  expect((await admin("GET", "/v1/audit?actor=grace&action=token.signin")).json.items).toMatchObject([
    { object: "grace/terminal grace's laptop" },
  ]);
  const again = await poll(started.deviceCode);
  expect([again.status, again.json.type]).toEqual([404, "/problems/terminal_not_found"]);
  expect((await decide(browser, page, "yes")).status).toBe(400);
});

it("two who ask at once get one token", async () => {
  const started = await start();
  const browser = newBrowser();
  await decide(browser, await toDecision(browser, started), "yes");
  const answers = await Promise.all([1, 2, 3, 4].map(() => poll(started.deviceCode)));
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 404, 404, 404]);
});

it("one that is refused hears it", async () => {
  const started = await start();
  const browser = newBrowser();
  expect(textOn(await decide(browser, await toDecision(browser, started), "no"))).toContain("The terminal is refused");
  const { status, json } = await poll(started.deviceCode);
  expect([status, json.detail]).toEqual([403, "you are not signed in: it was refused in the browser"]);
});

it("another site's form, another's browser and another form let nothing in", async () => {
  const started = await start();
  const browser = newBrowser();
  const page = await toDecision(browser, started);
  const path = "/v1/sign-in/terminal/decision";
  const confirm = /name="confirm" value="([^"]+)"/.exec(page.bytes.toString())?.[1] ?? "";
  const type = { "content-type": "application/x-www-form-urlencoded" };
  const post = (bytes: string, headers: Record<string, string>) =>
    call("POST", path, { bytes, headers: { ...type, ...headers } }).then(({ status }) => status);
  const own = `confirm=${confirm}&letIn=yes`;
  expect(
    await post(own, { cookie: browser.cookie, origin: "https://evil.example", "sec-fetch-site": "cross-site" }),
  ).toBe(403);
  expect(await post(own, { cookie: browser.cookie, origin: "null" })).toBe(403);
  expect(await post(own, {})).toBe(400);
  expect(await post("letIn=yes", { cookie: browser.cookie })).toBe(400);
  expect(await post("confirm=x&letIn=yes", { cookie: browser.cookie })).toBe(400);
  const other = newBrowser();
  await toDecision(other, await start());
  expect(await post(own, { cookie: other.cookie })).toBe(400);
  expect((await poll(started.deviceCode)).status).toBe(202);
});

it("who may not sign in lets nothing in, and who is disabled before the terminal asks gives it nothing", async () => {
  const started = await start();
  provider.current = "x-1";
  expect((await toDecision(newBrowser(), started)).status).toBe(403);
  provider.current = "g-1";
  const browser = newBrowser();
  await decide(browser, await toDecision(browser, started), "yes");
  await admin("PATCH", "/v1/identities/grace", { json: { disabled: true } });
  const { status, json } = await poll(started.deviceCode);
  expect([status, json.detail]).toEqual([403, 'you are not signed in: "grace" is disabled here']);
  await admin("PATCH", "/v1/identities/grace", { json: { disabled: false } });
  expect((await poll(started.deviceCode)).status).toBe(404);
});

it.each([
  ["untied", null],
  ["tied to another", { subject: "e-1" }],
])("an account that is %s meanwhile lets nothing in", async (_how, signIn) => {
  const tied = (to: object | null) => admin("PATCH", "/v1/identities/grace", { json: { signIn: to } });
  const [letIn, late, asked, unwanted] = [await start(), await start(), await start(), await start()];
  for (const terminal of [letIn, late]) {
    const browser = newBrowser();
    await decide(browser, await toDecision(browser, terminal), "yes");
  }
  const [asking, refusing] = [newBrowser(), newBrowser()];
  const page = await toDecision(asking, asked);
  const another = await toDecision(refusing, unwanted);
  await tied(signIn);
  const why = 'you are not signed in: your account is not that of "grace" any more';
  const { status, json } = await poll(letIn.deviceCode);
  expect([status, json.type, json.detail]).toEqual([403, "/problems/sign_in_refused", why]);
  const decided = await decide(asking, page, "yes");
  expect([decided.status, textOn(decided)]).toEqual([403, expect.stringContaining("is not that of")]);
  expect((await poll(asked.deviceCode)).status).toBe(202);
  expect((await decide(refusing, another, "no")).status).toBe(200);
  expect((await poll(unwanted.deviceCode)).status).toBe(403);
  await tied({ subject: "g-1" });
  expect((await poll(letIn.deviceCode)).status).toBe(404);
  expect((await poll(late.deviceCode)).status).toBe(403);
  expect((await decide(asking, page, "yes")).status).toBe(400);
  expect(await db.terminal.count({ where: { identityId: { not: null } } })).toBe(0);
});

it("codes end after ten minutes, and others are none", async () => {
  const started = await start();
  await db.terminal.updateMany({ data: { expiresAt: new Date(Date.now() - 1) } });
  expect((await poll(started.deviceCode)).status).toBe(404);
  expect((await toDecision(newBrowser(), started)).status).toBe(404);
  expect((await poll("none")).status).toBe(404);
  for (const code of ["", "ABCD", "AAAA-AAAA", "<b>", "x” is wrong: type BCDF-GHJK. “"]) {
    const page = await newBrowser().get(`/v1/sign-in/terminal?code=${encodeURIComponent(code)}`);
    expect([page.status, textOn(page)]).toEqual([200, expect.stringContaining("Type the code")]);
    expect(textOn(page)).not.toMatch(/[“<]|BCDF/);
  }
  expect((await newBrowser().get("/v1/sign-in?code=AAAA-AAAA")).status).toBe(400);
});

it("a terminal's name is text in an element of its own, from which it cannot speak in Slipway's words", async () => {
  const browser = newBrowser();
  const page = await toDecision(browser, await start("<img src=x onerror=1>"));
  expect(page.bytes.toString()).toContain('<dd dir="auto">&lt;img src=x onerror=1&gt;</dd>');
  for (const sign of [
    "\u202e",
    "\n",
    "\u2028",
    '"',
    "”",
    "“",
    "«",
    "„",
    "’",
    "「",
    "\u2066",
    "\u0000",
    "a".repeat(60),
  ]) {
    const { status, json } = await call("POST", "/v1/sign-in/device", { json: { name: `a${sign}b` } });
    expect([sign, status, JSON.stringify(json)]).toEqual([sign, 400, expect.stringContaining("at most 60 characters")]);
  }
  for (const name of ["", "ada's laptop", "Søren-Lab_3.local (2)", "मेरा लैपटॉप", "a".repeat(60)])
    expect((await call("POST", "/v1/sign-in/device", { json: { name } })).status).toBe(201);
});

it("who types a code may write it in small letters", async () => {
  const { userCode } = await start();
  const page = await newBrowser().get(`/v1/sign-in/terminal?code=${userCode.replace("-", "").toLowerCase()}`);
  expect(textOn(page)).toContain(`Does your own terminal show ${userCode} ?`);
});
