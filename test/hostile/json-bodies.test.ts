import { describe, expect, it } from "vitest";
import { expectRefused } from "#test/aftermath.ts";
import { draftOf, testService } from "#test/test-service.ts";

const service = await testService();
const { call } = service;
await draftOf(service, "json", "1.0.0");

const post = (bytes: string | Buffer, type = "application/json", path = "/v1/models") =>
  call("POST", path, { bytes, headers: { "content-type": type } });

/** A model's body with something in it that does not belong there. */
const named = (rest: string): string => `{"name":"json-evil",${rest}}`;
const deep = (open: string, close: string): string => open.repeat(100_000) + close.repeat(100_000);

describe("a JSON body", () => {
  it.each<[what: string, body: string | Buffer]>([
    ["nothing", ""],
    ["half an object", "{"],
    ["a word", "true"],
    ["null", "null"],
    ["a list", "[]"],
    ["a text", '"name"'],
    ["a comma too many", '{"name":"json-evil",}'],
    ["a comment", '{"name":"json-evil"/* */}'],
    ["single quotes", "{'name':'json-evil'}"],
    ["something after its end", '{"name":"json-evil"}{"name":"json-evil-2"}'],
    ["NaN", named('"labels":{"a":NaN}')],
    ["a raw line break in a text", '{"name":"json-evil","title":"a\nb"}'],
    ["lists 100,000 deep", deep("[", "]")],
    ["objects 100,000 deep", deep('{"a":', "}").replace("}", "1}")],
    ["lists 100,000 deep in a field that is not there", named(`"x":${deep("[", "]")}`)],
    ["200,000 brackets that nobody closes", "[".repeat(200_000)],
    ["__proto__", named('"__proto__":{"admin":true}')],
    ["__proto__, escaped", named('"\\u005f_proto__":{"admin":true}')],
    ["__proto__ among labels", named('"labels":{"__proto__":"x"}')],
    ["a prototype by its constructor", named('"constructor":{"prototype":{"admin":true}}')],
    ["a key that stands twice", '{"name":"json-evil","name":"json-evil-2"}'],
    ["a key that stands twice, once escaped", '{"name":"json-evil","n\\u0061me":"json-evil-2"}'],
    ["a label that stands twice", named('"labels":{"a":"1","a":"2"}')],
    ["\\u0000 in a text", named('"title":"a\\u0000b"')],
    ["\\u0000 in a key", named('"labels":{"a\\u0000":"b"}')],
    ["half a surrogate pair", named('"title":"\\ud800"')],
    ["the halves in the wrong order", named('"description":"\\udc00\\ud800"')],
    [
      "bytes that are no UTF-8",
      Buffer.concat([Buffer.from('{"name":"json-evil","title":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]),
    ],
    ["UTF-16", Buffer.from('{"name":"json-evil"}', "utf16le")],
    ["a number for a text", named('"title":1')],
    ["a text for an object", named('"labels":"a=b"')],
    ["a list of labels", named('"labels":[["a","b"]]')],
    ["a label that is an object", named('"labels":{"a":{"b":"c"}}')],
    ["a field in another case", named('"Title":"a"')],
    ["100,000 unknown fields", named(Array.from({ length: 100_000 }, (_, index) => `"k${index}":1`).join(","))],
    ["a title of 201 characters", named(`"title":"${"x".repeat(201)}"`)],
    ["a label's key of 129 characters", named(`"labels":{"${"k".repeat(129)}":"v"}`)],
    ["a label's value of 1,025 characters", named(`"labels":{"k":"${"v".repeat(1_025)}"}`)],
  ])("of %s is refused", async (_, body) => {
    await expectRefused(service, 400, () => post(body));
    expect((await call("GET", "/v1/models/json-evil")).status).toBe(404);
    expect(({} as Record<string, unknown>)["admin"]).toBeUndefined();
  });

  it.each<[what: string, body: string, status: number]>([
    ["a byte more than 2 MiB", `{"name":"${"x".repeat(2 * 1024 * 1024 - 10)}"}`.padEnd(2 * 1024 * 1024 + 1), 413],
    ["2 MiB of spaces and no more", " ".repeat(2 * 1024 * 1024), 400],
    ["65 labels", named(`"labels":{${Array.from({ length: 65 }, (_, index) => `"k${index}":""`).join(",")}}`), 422],
  ])("of %s is refused", async (_, body, status) => {
    await expectRefused(service, status, () => post(body));
  });

  it("is refused past 2 MiB also where it does not say its length", async () => {
    const headers = { "content-type": "application/json", "transfer-encoding": "chunked" };
    await expectRefused(service, 413, () =>
      call("POST", "/v1/models", { bytes: " ".repeat(3 * 1024 * 1024), headers }),
    );
  });

  it.each([
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "text/html",
    "application/xml",
    "application/jsonp",
    "text/json",
    "application/json+x",
    "application",
    "; charset=utf-8",
    "application/json/x",
  ])("that calls itself %s is refused", async (type) => {
    await expectRefused(service, 415, () => post('{"name":"json-evil"}', type));
    await expectRefused(service, 415, () => post('{"version":"2.0.0"}', type, "/v1/models/json/versions"));
  });

  it.each(["application/json; charset=utf-8", "APPLICATION/JSON", "application/json;x=y"])(
    "that calls itself %s is taken",
    async (type) => {
      await expectRefused(service, 409, () => post('{"name":"json"}', type));
    },
  );
});

describe("metadata", () => {
  const draft = (metadata: string, version = "2.0.0") =>
    post(`{"version":"${version}","metadata":${metadata}}`, "application/json", "/v1/models/json/versions");

  it.each<[what: string, metadata: string, status: number]>([
    ["65 levels", `${'{"a":'.repeat(65)}1${"}".repeat(65)}`, 422],
    ["100 levels and its own", `${'{"a":'.repeat(100)}1${"}".repeat(100)}`, 400],
    ["a number beyond 2^53", '{"a":9007199254740993}', 422],
    ["a number that is not finite", '{"a":1e999}', 422],
    ["more than 1 MiB", `{"a":"${"x".repeat(1024 * 1024)}"}`, 422],
    ["\\u0000 deep inside", '{"a":[{"b":"\\u0000"}]}', 400],
    ["\\u0000 in a key", '{"\\u0000":1}', 400],
    ["half a surrogate pair as a key", '{"\\ud800":1}', 400],
    ["a key twice, deep inside", '{"a":[{"b":1,"b":2}]}', 400],
    ["__proto__ deep inside", '{"a":[{"__proto__":1}]}', 400],
    ["a list", "[]", 400],
    ["null", "null", 400],
  ])("of %s is refused", async (_, metadata, status) => {
    await expectRefused(service, status, () => draft(metadata));
  });

  it("is read as it was sent, whatever its keys are called", async () => {
    const metadata = {
      constructor: { prototype: 1 },
      toString: "x",
      hasOwnProperty: null,
      "": [[]],
      "a\tb": "\u2028",
      é: 1e-7,
    };
    const made = await draft(JSON.stringify({ ...metadata, constructor: "y" }), "3.0.0");
    expect([made.status, made.json.metadata]).toEqual([201, { ...metadata, constructor: "y" }]);
    expect((await call("GET", "/v1/models/json/versions/3.0.0")).json.metadata).toEqual({
      ...metadata,
      constructor: "y",
    });
  });
});
