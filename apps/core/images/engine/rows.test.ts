import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { readRows, throughRows } from "./rows.ts";

const rowsOf = async (...chunks: (string | Buffer)[]) => {
  const rows = [];
  for await (const row of readRows(Readable.from(chunks.map((chunk) => Buffer.from(chunk))))) rows.push(row);
  return rows;
};

describe("the rows of an engine", () => {
  it("are whole, wherever the body is cut", async () => {
    const bytes = Buffer.from('{"stream":"größe\\n"}\n{"aux":{"ID":"sha256:1"}}');
    for (let cut = 1; cut < bytes.length; cut++)
      expect(await rowsOf(bytes.subarray(0, cut), bytes.subarray(cut))).toEqual([
        { stream: "größe\n" },
        { aux: { ID: "sha256:1" } },
      ]);
  });

  it("are read past what is none", async () => {
    const long = `{"stream":"${"x".repeat(3 * 1024 * 1024)}"}\n`;
    const cut = long.match(/[\s\S]{1,65536}/g) ?? [];
    expect(await rowsOf("oops\n\n", ...cut, '7\n{"error":"no"}\n')).toEqual([{ error: "no" }]);
  });

  it("throw the error that one of them has, whatever the status was", async () => {
    const through = (text: string, signal = new AbortController().signal) =>
      throughRows(Readable.from([Buffer.from(text)]), signal);
    await through('{"status":"Pulling"}\n');
    await expect(through('{"status":"Pulling"}\n{"error":"no space"}\n{"status":"more"}\n')).rejects.toThrow(
      "no space",
    );
    await expect(through("", AbortSignal.abort(new Error("late")))).rejects.toThrow("late");
  });
});
