import { describe, expect, it } from "vitest";
import { CannotUnseal, masterKey, rewrap, seal, unseal } from "./envelope.ts";

const key = masterKey("a master key of thirty-two characters or more");
const other = masterKey("another master key, as long as the first one");
const subject = "registry:main/password";

describe("a sealed secret", () => {
  it("opens with its key, and looks different each time", () => {
    const first = seal(key, "hunter2", subject);
    const second = seal(key, "hunter2", subject);
    expect(unseal([other, key], first, subject)).toBe("hunter2");
    expect(first.sealed.equals(second.sealed)).toBe(false);
    expect(JSON.stringify(first)).not.toContain("hunter2");
    expect(unseal([key], seal(key, "", subject), subject)).toBe("");
  });

  it("does not open with another key, for another subject, or with one bit changed", () => {
    const secret = seal(key, "hunter2", subject);
    expect(() => unseal([other], secret, subject)).toThrow(CannotUnseal);
    expect(() => unseal([{ ...other, id: key.id }], secret, subject)).toThrow(CannotUnseal);
    expect(() => unseal([key], secret, "registry:other/password")).toThrow(CannotUnseal);
    for (const part of ["sealed", "wrappedKey"] as const)
      for (let at = 0; at < secret[part].length; at += 1) {
        const bytes = Buffer.from(secret[part]);
        bytes[at] = (bytes[at] ?? 0) ^ 1;
        expect(() => unseal([key], { ...secret, [part]: bytes }, subject)).toThrow(CannotUnseal);
      }
    expect(() => unseal([key], { ...secret, sealed: secret.sealed.subarray(0, 20) }, subject)).toThrow(CannotUnseal);
  });

  it("moves to a new key, after which the old one is not needed", () => {
    const before = seal(key, "hunter2", subject);
    const after = rewrap(other, [key, other], before, subject);
    expect(after.keyId).toBe(other.id);
    expect(after.sealed.equals(before.sealed)).toBe(true);
    expect(unseal([other], after, subject)).toBe("hunter2");
    expect(() => unseal([key], after, subject)).toThrow(CannotUnseal);
  });
});
