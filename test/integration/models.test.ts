import { describe, expect, it } from "vitest";
import { testService } from "#test/test-service.ts";

const service = await testService();
const { call, registry } = service;

describe("models", () => {
  it("makes a model and reads it back", async () => {
    const made = await call("POST", "/v1/models", {
      json: { name: "fraud.scores", title: "Fraud scores", labels: { team: "fraud" } },
    });
    expect(made.status).toBe(201);
    expect(made.headers["location"]).toBe("/v1/models/fraud.scores");
    const read = await call("GET", "/v1/models/fraud.scores");
    expect(read.status).toBe(200);
    expect(read.json).toEqual(made.json);
    expect(read.json).toMatchObject({
      name: "fraud.scores",
      title: "Fraud scores",
      description: "",
      labels: { team: "fraud" },
      latestVersion: null,
      tags: {},
      createdBy: "anonymous",
    });
    expect(read.json).not.toHaveProperty("id");
  });

  it("refuses a name that is taken, and says so", async () => {
    await call("POST", "/v1/models", { json: { name: "taken" } });
    const again = await call("POST", "/v1/models", { json: { name: "taken" } });
    expect(again.status).toBe(409);
    expect(again.headers["content-type"]).toContain("application/problem+json");
    expect(again.json).toMatchObject({ type: "/problems/model_exists", status: 409, title: "Model exists" });
    expect(again.json.instance).toBe(again.headers["x-request-id"]);
  });

  it.each([
    ["an upper-case name", { name: "Churn" }],
    ["a path", { name: "a/b" }],
    ["two separators in a row", { name: "a__2" }],
    ["a name of 129 characters", { name: "a".repeat(129) }],
    ["no name", {}],
    ["a field that does not exist", { name: "fine", createdBy: "me" }],
    ["a number where a text belongs", { name: "fine", title: 3 }],
  ])("refuses %s with 400 and where it is", async (_, json) => {
    const answer = await call("POST", "/v1/models", { json });
    expect(answer.status).toBe(400);
    expect(answer.json.errors).toHaveLength(1);
  });

  it("names the field that is not one", async () => {
    const answer = await call("POST", "/v1/models", { json: { name: "fine", role: "admin" } });
    expect(answer.json.detail).toContain('"role" is not a field here');
  });

  it.each([
    [
      { name: "Churn Model" },
      "body/name: write lower-case letters and digits, in groups joined by one '.', '_' or '-'",
    ],
    [{ name: "a".repeat(129) }, "body/name: must be at most 128 characters long"],
    [{ title: "Churn" }, 'body: "name" is missing'],
    [{ name: "fine", titel: "Churn" }, 'body: "titel" is not a field here (did you mean "title"?)'],
    [{ name: "fine", title: 3 }, "body/title: must be a text"],
    [
      { name: "fine", labels: { "-": "x" } },
      "body/labels: the key \"-\": write letters and digits, with '.', '_', '/' or '-' inside, at most 128 characters",
    ],
    ["churn", "body: must be an object"],
  ])("says what to write instead of %j", async (json, detail) => {
    const answer = await call("POST", "/v1/models", { json });
    expect([answer.status, answer.json.detail]).toEqual([400, detail]);
    expect(answer.json.errors).toHaveLength(1);
  });

  it("names every fault of a body, the first hundred of very many", async () => {
    const three = await call("POST", "/v1/models", { json: { name: "A", title: 3, role: "admin" } });
    expect(three.json.detail).toMatch(/, and 2 more$/);
    expect(three.json.errors.map((fault: { where: string }) => fault.where).sort()).toEqual([
      "body",
      "body/name",
      "body/title",
    ]);
    const many = Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`field${index}`, 1]));
    const answer = await call("POST", "/v1/models", { json: { name: "fine", ...many } });
    expect(answer.json.detail).toMatch(/, and 4999 more$/);
    expect(answer.json.errors).toHaveLength(100);
  });

  it("finds models by text and labels, page by page, each once", async () => {
    for (const index of [1, 2, 3, 4, 5])
      await call("POST", "/v1/models", {
        json: {
          name: `paged-${index}`,
          title: index % 2 ? "Odd one" : "",
          labels: { set: "paged", index: `${index}` },
        },
      });
    const names: string[] = [];
    let cursor: string | null = null;
    do {
      const query: string = cursor === null ? "" : `&cursor=${cursor}`;
      const page = await call("GET", `/v1/models?label=set=paged&limit=2${query}`);
      expect(page.json.items.length).toBeLessThanOrEqual(2);
      names.push(...page.json.items.map((model: { name: string }) => model.name));
      cursor = page.json.nextCursor;
    } while (cursor !== null);
    expect(names).toEqual(["paged-1", "paged-2", "paged-3", "paged-4", "paged-5"]);

    const odd = await call("GET", "/v1/models?q=odd+one&label=set");
    expect(odd.json.items).toHaveLength(3);
    const one = await call("GET", "/v1/models?label=set=paged&label=index=4");
    expect(one.json.items).toHaveLength(1);
    const wildcard = await call("GET", "/v1/models?q=%25&label=set");
    expect(wildcard.json.items).toEqual([]);
  });

  it("refuses cursors that are not its own and limits below one", async () => {
    for (const query of ["cursor=abc", "cursor=WyJ0YWdzIiwiYSJd", "limit=0", "limit=-1", "limit=x"])
      expect((await call("GET", `/v1/models?${query}`)).status, query).toBe(400);
    expect((await call("GET", "/v1/models?limit=1000000")).status).toBe(200);
  });

  it("renames a model, and gives the next owner of the name a repository of its own", async () => {
    await call("POST", "/v1/models", { json: { name: "first" } });
    const renamed = await call("PATCH", "/v1/models/first", { json: { name: "second" } });
    expect(renamed.status).toBe(200);
    expect((await call("GET", "/v1/models/first")).status).toBe(404);
    await call("POST", "/v1/models", { json: { name: "first" } });
    const rows = await registry.db.model.findMany({
      where: { name: { in: ["first", "second"] } },
      orderBy: { name: "asc" },
    });
    expect(rows.map((row) => [row.name, row.repository])).toEqual([
      ["first", "first__2"],
      ["second", "first"],
    ]);
    const clash = await call("PATCH", "/v1/models/second", { json: { name: "first" } });
    expect(clash.status).toBe(409);
  });

  it("deletes a model and sets its name free", async () => {
    await call("POST", "/v1/models", { json: { name: "passing" } });
    expect((await call("DELETE", "/v1/models/passing")).status).toBe(204);
    expect((await call("GET", "/v1/models/passing")).status).toBe(404);
    expect((await call("DELETE", "/v1/models/passing")).status).toBe(404);
    expect((await call("POST", "/v1/models", { json: { name: "passing" } })).status).toBe(201);
    const living = await registry.db.model.findFirstOrThrow({ where: { name: "passing", deletedAt: null } });
    expect(living.repository).toBe("passing__2");
  });

  it("writes one audit row a change, with who and in which request", async () => {
    const made = await call("POST", "/v1/models", {
      json: { name: "audited" },
      headers: { "x-request-id": "my-request" },
    });
    expect(made.headers["x-request-id"]).toBe("my-request");
    await call("PATCH", "/v1/models/audited", { json: { title: "New" } });
    await call("POST", "/v1/models", { json: { name: "audited" } });
    await call("DELETE", "/v1/models/audited");
    const rows = await registry.db.auditEntry.findMany({ where: { object: "audited" }, orderBy: { at: "asc" } });
    expect(rows.map((row) => row.action)).toEqual(["model.create", "model.update", "model.delete"]);
    expect(rows[0]).toMatchObject({ actor: "anonymous", requestId: "my-request" });
    expect(rows[1]).toMatchObject({ before: { title: "" }, after: { title: "New" } });
  });
});
