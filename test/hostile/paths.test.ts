import { describe, expect, it } from "vitest";
import { expectRefused } from "#test/aftermath.ts";
import { draftOf, testService } from "#test/test-service.ts";

const service = await testService();
const { call } = service;
await draftOf(service, "paths", "1.0.0", { "model/File.bin": "x", "a%20%C3%9Fb": "y", fi: "z" });
const files = "/v1/models/paths/versions/1.0.0/files";

/** Each as it stands on the wire. */
const refused: [what: string, path: string, status: number][] = [
  ["a way up", "../../../etc/passwd", 422],
  ["a way up in the middle", "a/../../b", 422],
  ["a way up, encoded", "%2e%2e/%2e%2e/etc/passwd", 422],
  ["a way up, encoded with its slash", "..%2f..%2fetc%2fpasswd", 422],
  ["a way up, encoded twice", "%252e%252e%252fetc%252fpasswd", 422],
  ["a slash that is encoded three times", "a%25252fb", 422],
  ["a NUL that is encoded twice", "a%2500b", 422],
  ["a dot as a segment", "a/./b", 422],
  ["a way up with backslashes", "..\\..\\windows\\win.ini", 422],
  ["a backslash, encoded", "a%5Cb", 422],
  ["a NUL", "a%00b", 422],
  ["a NUL before another ending", "model.pkl%00.txt", 422],
  ["a line break", "a%0D%0Aset-cookie:%20b=c", 422],
  ["an absolute path", "/etc/passwd", 422],
  ["an absolute path, encoded", "%2Fetc%2Fpasswd", 422],
  ["no name at all", "", 422],
  ["two slashes in a row", "a//b", 422],
  ["a slash at the end", "a/", 422],
  ["5 KiB", "x".repeat(5 * 1024), 422],
  ["5 KiB in folders", "x/".repeat(2_560), 422],
  ["1,025 bytes", `${"x/".repeat(512)}x`, 422],
  ["a segment of 256 bytes", `a/${"x".repeat(256)}`, 422],
  ["letters and accents apart (NFD)", "mode%CC%80le", 422],
  ["the sign for kelvin, which is a K (NFC)", "%E2%84%AA", 422],
  ["overlong UTF-8 for a slash", "a%C0%AFb", 400],
  ["overlong UTF-8 for dots", "%C0%AE%C0%AE/b", 400],
  ["half a surrogate pair", "%ED%A0%80", 400],
  ["bytes that are no UTF-8", "%FF%FE", 400],
  ["half a percent-encoding", "a%2", 400],
  ["text that turns its direction", "model%E2%80%AElkp.exe", 422],
  ["a line separator", "a%E2%80%A8b", 422],
  ["a C1 control character", "a%C2%9Bb", 422],
  ["another case of a file", "model/FILE.bin", 409],
  ["another case of a folder", "MODEL/other.bin", 409],
  ["another case where one letter becomes two", "a%20SSB", 409],
  ["a ligature of a file's letters", "%EF%AC%81", 409],
  ["a file as a folder", "model/File.bin/more", 409],
  ["a folder as a file", "model", 409],
];

describe("paths", () => {
  it.each(refused)("refuses %s", async (_, path, status) => {
    await expectRefused(service, status, () => call("PUT", `${files}/${path}`, { bytes: "evil" }));
  });

  it.each(refused.filter(([, , status]) => status !== 409))(
    "finds and removes nothing by %s",
    async (_, path, status) => {
      await expectRefused(service, status, () => call("DELETE", `${files}/${path}`));
      await expectRefused(service, status, () => call("GET", `${files}/${path}`));
    },
  );

  it.each([
    "CON",
    "nul.txt",
    "__proto__",
    "constructor/prototype",
    ".git/config",
    "index.html",
    "..a",
    "a..",
    "-rf",
    "$(id)",
    "%7E",
    "a:b",
    "*",
    "100%25",
    "%F0%9F%90%99",
    "%E0%A4%A8%E0%A5%8D%E2%80%8D",
  ])("takes %s as the name that it is", async (path) => {
    expect((await call("PUT", `${files}/${path}`, { bytes: path })).status).toBe(201);
    expect((await call("GET", `${files}/${path}`)).bytes.toString()).toBe(path);
    expect((await call("DELETE", `${files}/${path}`)).status).toBe(204);
  });

  it("are at most 10,000 in a version, and one of them can still be replaced", async () => {
    await draftOf(service, "full", "1.0.0", { "0": "the first" });
    await service.registry.db.$executeRaw`
      INSERT INTO version_files (version_id, path, folded_path, blob_digest, size_bytes)
      SELECT f.version_id, n::text, n::text, f.blob_digest, f.size_bytes
      FROM version_files f JOIN versions v ON v.id = f.version_id JOIN models m ON m.id = v.model_id,
           generate_series(1, 9999) n
      WHERE m.name = 'full'`;
    const put = (path: string) => call("PUT", `/v1/models/full/versions/1.0.0/files/${path}`, { bytes: "one more" });
    const { json } = await expectRefused(service, 422, () => put("10000"));
    expect(json.type).toBe("/problems/too_many_files");
    expect((await put("9999")).status).toBe(200);
  });
});
