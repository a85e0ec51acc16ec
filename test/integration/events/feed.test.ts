import http from "node:http";
import { describe, expect, it } from "vitest";
import { guardedService } from "#test/access.ts";
import { testSequencer } from "#test/test-sequencer.ts";
import type { Answer } from "#test/test-service.ts";
import { waitUntil } from "#test/wait-until.ts";
import { whenDone } from "#test/when-done.ts";

const service = await guardedService();
const { admin, registry } = service;
testSequencer(registry);
const ben = await service.identity("ben", [{ role: "uploader", pattern: "b.*" }]);

interface Told {
  sequence: number;
  kind: string;
  subject: string;
  model: string | null;
  data: { before?: { name: string }; after?: { name: string } | null };
}

const numbered = (subject: string, kind: string) =>
  waitUntil(`the number of ${kind} ${subject}`, () =>
    registry.db.event.findFirst({ where: { subject, kind, sequence: { not: null } } }),
  );
const told = ({ json }: Answer) => json.items.map(({ kind, subject }: Told) => `${kind} ${subject}`);

await admin("POST", "/v1/models", { json: { name: "a.churn" } });
await admin("POST", "/v1/models", { json: { name: "b.scores" } });
await admin("POST", "/v1/models/a.churn/versions", { json: { version: "1.0.0" } });
await admin("POST", "/v1/models/b.scores/versions", { json: { version: "1.0.0" } });
await admin("PATCH", "/v1/models/b.scores", { json: { name: "a.scores" } });
await numbered("b.scores", "model.updated");

const all = [
  "model.created a.churn",
  "model.created b.scores",
  "version.created a.churn:1.0.0",
  "version.created b.scores:1.0.0",
  "model.updated b.scores",
];

describe("the feed of events", () => {
  it("has each change once, in one order without a gap, page by page", async () => {
    const whole = await admin("GET", "/v1/events");
    expect(told(whole)).toEqual(all);
    expect(whole.json.items.map(({ sequence }: Told) => sequence)).toEqual([1, 2, 3, 4, 5]);
    expect(whole.json).toMatchObject({ after: 5, head: 5 });
    expect(whole.json.items[0]).toEqual({
      sequence: 1,
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      kind: "model.created",
      model: "a.churn",
      modelId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      subject: "a.churn",
      actor: "administrator",
      data: { after: { name: "a.churn", title: "", description: "", labels: {} } },
      requestId: expect.any(String),
      at: expect.stringMatching(/Z$/),
    });
    const paged: string[] = [];
    for (let after = 0; ; ) {
      const page = await admin("GET", `/v1/events?limit=2&after=${after}`);
      paged.push(...told(page));
      after = page.json.after;
      if (after >= page.json.head) break;
    }
    expect(paged).toEqual(all);
    expect((await admin("GET", "/v1/events?after=99")).json).toEqual({ items: [], after: 99, head: 5 });
  });

  it("is narrowed by model or pattern, and by kind or the beginning of one", async () => {
    expect(told(await admin("GET", "/v1/events?model=a.churn"))).toEqual([all[0], all[2]]);
    expect(told(await admin("GET", "/v1/events?model=b.*"))).toEqual([all[1], all[3], all[4]]);
    expect(told(await admin("GET", "/v1/events?kind=model.created"))).toEqual([all[0], all[1]]);
    expect(told(await admin("GET", "/v1/events?kind=version.&model=b.*"))).toEqual([all[3]]);
    const nothing = await admin("GET", "/v1/events?kind=versio.");
    expect(nothing.json).toEqual({ items: [], after: 5, head: 5 });
    for (const wrong of ["after=-1", "after=x", "kind=*", "limit=0", "afer=1"])
      expect([wrong, (await admin("GET", `/v1/events?${wrong}`)).status]).toEqual([wrong, 400]);
    expect((await admin("GET", "/v1/events?model=a.*.b")).json.type).toBe("/problems/invalid_pattern");
  });

  it("shows only what happened to models that the caller may read, and no name that it may not", async () => {
    const seen = await ben.call("GET", "/v1/events");
    expect(told(seen)).toEqual([all[1], all[3], all[4]]);
    expect(seen.json.items[2].data).toMatchObject({ before: { name: "b.scores" }, after: null });
    expect(seen.bytes.toString()).not.toContain("a.scores");
    expect((await service.call("GET", "/v1/events")).status).toBe(401);
  });

  it("goes on as it comes, and where a client stopped", async () => {
    const first = stream(ben.token, {});
    await waitUntil("the past", async () => first.kinds().length === 3);
    await ben.call("POST", "/v1/models", { json: { name: "b.live" } });
    await admin("POST", "/v1/models", { json: { name: "a.live" } });
    await waitUntil("what is new", async () => first.kinds().length === 4);
    first.end();
    await ben.call("POST", "/v1/models/b.live/versions", { json: { version: "1.0.0" } });
    await numbered("b.live:1.0.0", "version.created");
    const second = stream(ben.token, { "last-event-id": first.lastId() });
    await waitUntil("what was missed", async () => second.kinds().length === 1);
    expect([...first.kinds(), ...second.kinds()]).toEqual([
      "model.created",
      "version.created",
      "model.updated",
      "model.created",
      "version.created",
    ]);
    expect(second.lastId()).toBe("8");
    second.end();
    const refused = await ben.call("GET", "/v1/events", {
      headers: { accept: "text/event-stream", "last-event-id": "x" },
    });
    expect(refused.status).toBe(400);
  });
});

function stream(token: string, headers: Record<string, string>) {
  let text = "";
  const request = http.get({
    host: "127.0.0.1",
    port: service.port,
    path: "/v1/events",
    headers: { authorization: `Bearer ${token}`, accept: "text/event-stream", ...headers },
  });
  request.on("response", (response) => response.setEncoding("utf8").on("data", (chunk) => (text += chunk)));
  request.on("error", () => {});
  whenDone(() => request.destroy());
  return {
    kinds: () => [...text.matchAll(/^event: (.*)$/gm)].map(([, kind]) => kind),
    lastId: () => [...text.matchAll(/^id: (.*)$/gm)].at(-1)?.[1] ?? "",
    end: () => void request.destroy(),
  };
}
