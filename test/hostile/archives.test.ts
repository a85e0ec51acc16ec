import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { expectRefused } from "#test/aftermath.ts";
import { predictorPackage } from "#test/sealed.ts";
import { archiveOf, endOfArchive, entry, headerBlock, pax, paxRecord } from "#test/tar-blocks.ts";
import { testService } from "#test/test-service.ts";

const service = await testService();
const { call } = service;
await call("POST", "/v1/models", { json: { name: "archived" } });

const upload = (version: string, bytes: Buffer) =>
  call("POST", `/v1/models/archived/versions?version=${version}`, {
    bytes,
    headers: { "content-type": "application/x-tar" },
  });

/** What would be a whole package but for the rest. */
const sound = Object.entries(predictorPackage).map(([name, content]) => entry({ name }, content));
const source = Object.values(predictorPackage).join("");
const big = (first: number, rest = 0) => Buffer.concat([Buffer.from([first]), Buffer.alloc(11, rest)]);
const link = (type: string): Buffer => entry({ type, name: "a", link: "/etc/passwd" });

/** Each comes behind the files of a sound package, so that bytes have been stored when the fault is found. */
const faults: [what: string, entries: Buffer[]][] = [
  ["a symbolic link", [link("2")]],
  [
    "a symbolic link that later files go through",
    [entry({ type: "2", name: "d", link: "/tmp" }), entry({ name: "d/evil" }, "x")],
  ],
  ["a hard link", [link("1")]],
  ["a hard link with a content", [entry({ type: "1", name: "a", link: "src/predictor.py" }, "x")]],
  ["a character device", [entry({ type: "3" })]],
  ["a block device", [entry({ type: "4" })]],
  ["a named pipe", [entry({ type: "6" })]],
  ["a GNU sparse file", [entry({ type: "S" }, "x")]],
  ["a GNU incremental folder", [entry({ type: "D" })]],
  ["another volume's part", [entry({ type: "M" })]],
  ["a volume's label", [entry({ type: "V" })]],
  ["a Solaris header", [entry({ type: "X" }, "x")]],
  ["an unknown type", [entry({ type: "Z" })]],
  ["a type that is no letter", [entry({ type: "\u0001" })]],
  ["a folder with a content", [entry({ type: "5", name: "d/" }, "hidden")]],
  ["a folder by its name alone with a content", [entry({ name: "d/" }, "hidden")]],
  ["a way up", [entry({ name: "../evil" }, "x")]],
  ["a way up by its prefix", [entry({ name: "evil", prefix: ".." }, "x")]],
  ["a way up by a pax path", [pax({ path: "../../evil" }), entry({}, "x")]],
  ["a way up by a GNU long name", [entry({ name: "././@LongLink", type: "L" }, "../evil\0"), entry({}, "x")]],
  ["an absolute path", [entry({ name: "/etc/passwd" }, "x")]],
  ["a backslash", [entry({ name: "a\\..\\b" }, "x")]],
  ["no name", [entry({ name: "" }, "x")]],
  ["a name that is no UTF-8", [entry({ name: Buffer.from([0xff, 0xfe]) }, "x")]],
  [
    "a pax path that is no UTF-8",
    [entry({ type: "x" }, Buffer.concat([Buffer.from("10 path="), Buffer.from([0xff, 0x0a])])), entry({}, "x")],
  ],
  ["a NUL in a pax path", [pax({ path: "a\0b" }), entry({}, "x")]],
  ["a line break in a pax path", [pax({ path: "a\nb" }), entry({}, "x")]],
  ["a pax path of 5 KiB", [pax({ path: "x/".repeat(2_560) }), entry({}, "x")]],
  ["one name twice", [entry({ name: "a" }, "1"), entry({ name: "a" }, "2")]],
  ["one name twice, once by pax", [entry({ name: "a" }, "1"), pax({ path: "a" }), entry({ name: "b" }, "2")]],
  ["one name twice, once with a dot before it", [entry({ name: "a" }, "1"), entry({ name: "./a" }, "2")]],
  ["two names that differ in case", [entry({ name: "a" }, "1"), entry({ name: "A" }, "2")]],
  ["two folders that differ in case", [entry({ name: "d/a" }, "1"), entry({ name: "D/b" }, "2")]],
  [
    "a file that is a folder as well",
    [entry({ name: "d" }, "1"), entry({ name: "d.txt" }, "2"), entry({ name: "d/b" }, "3")],
  ],
  ["a name in NFD", [entry({ name: "e\u0301" }, "1")]],
  ["a size in letters", [headerBlock({ size: Buffer.from("0000000000z ") })]],
  ["a negative size", [headerBlock({ size: Buffer.from("-0000000001 ") })]],
  ["a negative size in base 256", [headerBlock({ size: big(0xff, 0xff) })]],
  ["a size beyond 2^64 in base 256", [headerBlock({ size: big(0x80, 0xff) })]],
  [
    "a size of 8 GiB, and nothing of it",
    [headerBlock({ size: Buffer.concat([big(0x80).subarray(0, 7), Buffer.from([2, 0, 0, 0, 0])]) })],
  ],
  ["a size larger than what follows", [headerBlock({ size: 100_000 }), Buffer.alloc(512, "x")]],
  ["a pax size larger than what follows", [pax({ size: "100000" }), entry({}, "x")]],
  ["a pax size smaller than its content", [pax({ size: "1" }), entry({}, "x".repeat(600))]],
  ["a negative pax size", [pax({ size: "-1" }), entry({}, "x")]],
  ["a pax size with letters", [pax({ size: "1x" }), entry({}, "x")]],
  ["a pax size beyond measure", [pax({ size: "9".repeat(30) }), entry({}, "x")]],
  [
    "a sparse file by pax",
    [
      pax({ "GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "a" }),
      entry({ name: "GNUSparseFile.0/a" }, "1\n0\n1\n"),
    ],
  ],
  ["a sparse file as star writes it", [pax({ "SCHILY.realsize": "100" }), entry({}, "x")]],
  ["a path for all its files", [pax({ path: "a" }, "g"), entry({ name: "b" }, "x")]],
  ["a size for all its files", [pax({ size: "0" }, "g"), entry({ name: "b" }, "x")]],
  ["a pax record longer than its header", [entry({ type: "x" }, "99 path=a\n"), entry({}, "x")]],
  ["a pax record of no length", [entry({ type: "x" }, "0 path=a\n"), entry({}, "x")]],
  ["a pax record of negative length", [entry({ type: "x" }, "-9 path=a\n"), entry({}, "x")]],
  ["a pax record without an end", [entry({ type: "x" }, "9 path=ab"), entry({}, "x")]],
  ["a pax record without a keyword", [entry({ type: "x" }, "5 =a\n"), entry({}, "x")]],
  ["two pax headers for one file", [pax({ path: "a" }), pax({ path: "b" }), entry({}, "x")]],
  ["two long names for one file", [entry({ type: "L" }, "a\0"), entry({ type: "L" }, "b\0"), entry({}, "x")]],
  ["a pax header for nothing", [pax({ path: "a" })]],
  ["a pax header of 2 MiB", [entry({ type: "x" }, paxRecord("comment", "x".repeat(2 * 1024 * 1024))), entry({}, "x")]],
  ["a long name of 2 MiB", [entry({ type: "L" }, "x".repeat(2 * 1024 * 1024)), entry({}, "x")]],
  ["a wrong checksum", [entry({ checksum: "000000\0 " }, "x")]],
  ["a header as before POSIX", [entry({ magic: "\0\0\0\0\0\0\0\0" }, "x")]],
  ["another archive behind its end", [endOfArchive, entry({ name: "hidden" }, "x")]],
  ["one block of zeros in its middle", [Buffer.alloc(512), entry({ name: "hidden" }, "x")]],
  [
    "50,000 folders",
    [Buffer.concat(Array.from({ length: 50_000 }, (_, index) => headerBlock({ type: "5", name: `d${index}/` })))],
  ],
  ["50,000 comments", [Buffer.concat(Array.from({ length: 50_000 }, () => pax({ comment: "x" }, "g")))]],
];

describe("an archive", () => {
  it.each(faults)("with %s is refused, and nothing of it kept", async (_, entries) => {
    const { json } = await expectRefused(service, 422, () => upload("1.0.0", archiveOf(...sound, ...entries)));
    expect(json.type).toBe("/problems/archive_invalid");
    await expectRefused(service, 422, () => upload("1.0.0", gzipSync(archiveOf(...sound, ...entries))));
  });

  const whole = archiveOf(...sound, entry({ name: "notes.txt" }, "x".repeat(700)));
  const packed = gzipSync(whole);
  it.each<[what: string, bytes: Buffer]>([
    ["nothing", Buffer.alloc(0)],
    ["zeros alone", endOfArchive],
    ["one byte", Buffer.from([0x1f])],
    ["a gzip of nothing", gzipSync(Buffer.alloc(0))],
    ["a gzip in a gzip", gzipSync(packed)],
    ["a zip", Buffer.concat([Buffer.from("PK\u0003\u0004"), Buffer.alloc(2_000, 1)])],
    ["HTML", Buffer.from("<script>alert(1)</script>".repeat(100))],
    ["a header cut in its middle", whole.subarray(0, 300)],
    ["a content cut in its middle", whole.subarray(0, 600)],
    ["a cut between two files", whole.subarray(0, 1_024)],
    ["a cut before its end marker", whole.subarray(0, -1_024)],
    ["a cut in its end marker", whole.subarray(0, -512)],
    ["a cut gzip", packed.subarray(0, -10)],
    ["a gzip with a wrong sum", Buffer.concat([packed.subarray(0, -8), Buffer.alloc(8, 1)])],
    [
      "a gzip with a byte that fell over",
      Buffer.concat([packed.subarray(0, 60), Buffer.from([0xaa]), packed.subarray(61)]),
    ],
    ["something behind its gzip", Buffer.concat([packed, Buffer.from("more")])],
    ["something behind its gzip and a zero", Buffer.concat([packed, Buffer.from("\0more")])],
    ["something far behind its gzip", Buffer.concat([packed, Buffer.alloc(1_000_000), Buffer.from("more")])],
    ["a gzip behind its gzip", Buffer.concat([packed, packed])],
  ])("of %s is refused, and nothing of it kept", async (_, bytes) => {
    const { json } = await expectRefused(service, 422, () => upload("1.0.0", bytes));
    expect(json.type).toBe("/problems/archive_invalid");
  });

  it("is refused past 10,000 files", async () => {
    const many = Array.from({ length: 10_001 }, (_, index) => headerBlock({ name: `f${index}` }));
    const { json } = await expectRefused(service, 422, () => upload("1.0.0", archiveOf(Buffer.concat(many))));
    expect([json.type, json.detail]).toEqual(["/problems/too_many_files", expect.stringContaining("10000 files")]);
  });

  it("that nobody can serve is refused, and nothing of it kept", async () => {
    const { json } = await expectRefused(service, 422, () =>
      upload("1.0.0", archiveOf(entry({ name: "README.md" }, "x"))),
    );
    expect(json.type).toBe("/problems/package_invalid");
  });

  it("of a version that is there is refused before it is read, and of one that comes meanwhile nothing is kept", async () => {
    const made = await Promise.all(
      ["a", "b", "c"].map((text) => upload("5.0.0", archiveOf(...sound, entry({ name: "t" }, text)))),
    );
    expect(made.map(({ status }) => status).sort()).toEqual([202, 409, 409]);
    const stored = await service.registry.db.blob.findMany({ select: { digest: true } });
    const referred = await service.registry.db.versionFile.findMany({ select: { blobDigest: true } });
    expect(new Set(stored.map(({ digest }) => digest))).toEqual(new Set(referred.map(({ blobDigest }) => blobDigest)));
    await expectRefused(service, 409, () => upload("5.0.0", whole));
  });

  it("keeps bytes that a refused archive has in common with a version", async () => {
    const bytes = Buffer.from("in common");
    expect((await upload("6.0.0", archiveOf(...sound, entry({ name: "t" }, bytes)))).status).toBe(202);
    await expectRefused(service, 422, () =>
      upload("6.1.0", archiveOf(...sound, entry({ name: "t" }, bytes), link("2"))),
    );
    const read = await call("GET", "/v1/models/archived/versions/6.0.0/files/t");
    expect(read.bytes.equals(bytes)).toBe(true);
  });

  it.each<[what: string, entries: Buffer[], expected: Record<string, string>]>([
    ["a pax path", [pax({ path: "données/ä.txt" }), entry({ name: "short" }, "1")], { "données/ä.txt": "1" }],
    [
      "a GNU long name",
      [entry({ type: "L" }, `${"d/".repeat(80)}f\0`), entry({ magic: "ustar  \0" }, "1")],
      { [`${"d/".repeat(80)}f`]: "1" },
    ],
    ["a GNU long link name of no link", [entry({ type: "K" }, "x\0"), entry({ name: "k" }, "1")], { k: "1" }],
    ["a prefix", [entry({ name: "f", prefix: "p/q" }, "1")], { "p/q/f": "1" }],
    [
      "GNU's own fields in the prefix's place",
      [entry({ magic: "ustar  \0", name: "g", prefix: "junk" }, "1")],
      { g: "1" },
    ],
    [
      "a size by pax alone",
      [pax({ size: "3" }), headerBlock({ name: "s", size: 0 }), Buffer.from("abc".padEnd(512, "\0"))],
      { s: "abc" },
    ],
    [
      "a size in base 256",
      [
        headerBlock({ name: "b", size: Buffer.concat([big(0x80).subarray(0, 11), Buffer.from([3])]) }),
        Buffer.from("abc".padEnd(512, "\0")),
      ],
      { b: "abc" },
    ],
    [
      "a comment for all, as git writes it",
      [pax({ comment: "a".repeat(40) }, "g"), entry({ name: "c" }, "1")],
      { c: "1" },
    ],
    [
      "words of other programs",
      [pax({ "SCHILY.xattr.user.a": "\u0000\u0001", mtime: "1.5", LIBARCHIVE: "" }), entry({ name: "w" }, "1")],
      { w: "1" },
    ],
    [
      "folders",
      [entry({ type: "5", name: "e/" }), entry({ name: "old/", type: "0" }), entry({ name: "e/f" }, "1")],
      { "e/f": "1" },
    ],
    [
      "a folder that says how much room it wants",
      [headerBlock({ type: "5", name: "r/", size: 4_096 }), entry({ name: "r/f" }, "1")],
      { "r/f": "1" },
    ],
    ["a contiguous file", [entry({ type: "7", name: "h" }, "1")], { h: "1" }],
    ["a file of the old type", [entry({ type: "\0", name: "i" }, "1")], { i: "1" }],
    ["zeros behind its end", [entry({ name: "z" }, "1"), Buffer.alloc(100_000)], { z: "1" }],
  ])("with %s is read as it is meant", async (what, entries, expected) => {
    const version = `9.0.0-${what.replace(/[^a-z]/gi, "-")}`;
    expect((await upload(version, archiveOf(...sound, ...entries))).json).toMatchObject({
      fileCount: Object.keys(expected).length + 1,
    });
    for (const [path, content] of Object.entries({ ...expected, "src/predictor.py": source })) {
      const read = await call("GET", `/v1/models/archived/versions/${version}/files/${encodeURI(path)}`);
      expect([path, read.bytes.toString()]).toEqual([path, content]);
    }
  });
});
