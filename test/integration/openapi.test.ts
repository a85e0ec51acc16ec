import { Validator } from "@seriousme/openapi-schema-validator";
import { describe, expect, it } from "vitest";
import { testService } from "#test/test-service.ts";

const service = await testService();
const { call } = service;

describe("OpenAPI", () => {
  it("describes every route under /v1, with an operation id and its errors", async () => {
    const { json } = await call("GET", "/openapi.json");
    expect(json.openapi).toBe("3.1.0");
    const operations = Object.entries<Record<string, { operationId?: string; responses: Record<string, unknown> }>>(
      json.paths,
    ).flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ path, method, operation })));
    const ids = operations.map(({ operation }) => operation.operationId);
    expect(ids).not.toContain(undefined);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { path, operation } of operations.filter(({ path }) => path.startsWith("/v1/")))
      expect(Object.keys(operation.responses), path).toContain("400");
    expect(Object.keys(json.paths)).toContain("/v1/models/{model}/versions/{version}/files/{path}");
  });

  it("is valid", async () => {
    const { json } = await call("GET", "/openapi.json");
    const { valid, errors } = await new Validator().validate(json);
    expect(errors).toBeUndefined();
    expect(valid).toBe(true);
  });

  it("declares each part of a path, and 500 for every operation", async () => {
    const { json } = await call("GET", "/openapi.json");
    for (const { path, operation } of operationsOf(json)) {
      const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const declared = operation.parameters?.filter((parameter) => parameter.in === "path") ?? [];
      expect(declared.map(({ name }) => name).sort(), path).toEqual(named.sort());
      expect(Object.keys(operation.responses), path).toContain("500");
      const takesJson = operation.requestBody?.content["application/json"] !== undefined;
      if (takesJson) expect(Object.keys(operation.responses), path).toContain("413");
    }
  });

  it("declares the bodies and headers that routes read", async () => {
    const { json } = await call("GET", "/openapi.json");
    const operations = operationsOf(json);
    const operation = (id: string) => operations.find(({ operation }) => operation.operationId === id)?.operation;
    const headersOf = (id: string) =>
      operation(id)?.parameters?.flatMap((parameter) => (parameter.in === "header" ? [parameter.name] : []));
    const binary = { schema: { type: "string", format: "binary" } };
    expect(operation("putFile")?.requestBody?.content).toEqual({ "application/octet-stream": binary });
    expect(operation("createVersion")?.requestBody?.content).toEqual({
      "application/json": { schema: expect.objectContaining({ type: "object", required: ["version"] }) },
      "application/x-tar": binary,
      "application/gzip": binary,
    });
    expect(headersOf("putFile")).toEqual(["Content-Digest"]);
    expect(headersOf("getFile")).toEqual(["Range", "If-Range", "If-None-Match"]);
    expect(headersOf("moveTag")).toEqual(["If-Match", "If-None-Match"]);
    expect(headersOf("removeTag")).toEqual(["If-Match", "If-None-Match"]);
    expect(headersOf("getBuildLog")).toEqual(["Last-Event-ID"]);
    expect(operation("getFile")?.responses["304"]).not.toHaveProperty("content");
  });

  it("is shown by a page that needs nothing from elsewhere", async () => {
    const page = await call("GET", "/docs/");
    expect(page.status).toBe(200);
    expect(page.bytes.toString()).not.toMatch(/(?:src|href)="https?:/);
  });
});

interface Operation {
  operationId: string;
  parameters?: { name: string; in: string }[];
  requestBody?: { content: Record<string, unknown> };
  responses: Record<string, unknown>;
}

function operationsOf(document: { paths: Record<string, Record<string, Operation>> }) {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.values(methods).map((operation) => ({ path, operation })),
  );
}
