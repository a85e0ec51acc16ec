import { describe, expect, it } from "vitest";
import { lastError } from "./last-error.ts";

const json = (fields: object) => JSON.stringify(fields);

describe("the last error in a log", () => {
  it("is the last line of JSON at that level, with what was raised", () => {
    const log = [
      json({ level: "error", message: "an earlier one" }),
      json({ level: "error", message: "cannot load", traceback: "Traceback …\n  File …\nOSError: no weights\n" }),
      json({ level: "info", message: "bye" }),
    ].join("\n");
    expect(lastError(log)).toBe("cannot load: OSError: no weights");
  });

  it("is what an interpreter says as it ends", () => {
    const log =
      "Traceback (most recent call last):\n  File \"app.py\", line 1\nKeyError: 'PORT'\nwaiting for threads\n";
    expect(lastError(log)).toBe("KeyError: 'PORT'");
    expect(lastError("starting\npanic: nil map\n\ngoroutine 1:\n")).toBe("panic: nil map");
  });

  it("is the last line where nothing reads like one, and nothing where nothing was written", () => {
    expect(lastError("starting\r\nstill starting\r\n\r\n")).toBe("still starting");
    expect(lastError(json({ level: "info", message: "loading" }))).toBe("loading");
    expect(lastError(" \n")).toBeNull();
  });

  it("is one line, whatever was written", () => {
    expect(lastError(json({ level: "error", message: "two\nlines" }))).toBe("two lines");
    expect(lastError('{"level": "error", "mess')).toBe('{"level": "error", "mess');
    expect(lastError("[1]\nnull\n{}")).toBe("{}");
  });
});
