import { describe, expect, it } from "vitest";
import { CannotDecrypt, decryptSecret, encryptSecret, masterKey, rewrap } from "./envelope.ts";

const key = masterKey("a master key of thirty-two characters or more");
const other = masterKey("another master key, as long as the first one");
const subject = "registry:main/password";

describe("an encrypted secret", () => {
  it("opens with its key, and looks different each time", () => {
    const first = encryptSecret(key, "hunter2", subject);
    const second = encryptSecret(key, "hunter2", subject);
    expect(decryptSecret([other, key], first, subject)).toBe("hunter2");
    expect(first.sealed).not.toEqual(second.sealed);
    for (const bytes of [first.sealed, first.wrappedKey]) expect(Buffer.from(bytes).includes("hunter2")).toBe(false);
    expect(decryptSecret([key], encryptSecret(key, "", subject), subject)).toBe("");
  });

  it("does not open with another key, for another subject, or with one bit changed", () => {
    const secret = encryptSecret(key, "hunter2", subject);
    expect(() => decryptSecret([other], secret, subject)).toThrow(CannotDecrypt);
    expect(() => decryptSecret([{ ...other, id: key.id }], secret, subject)).toThrow(CannotDecrypt);
    expect(() => decryptSecret([key], secret, "registry:other/password")).toThrow(CannotDecrypt);
    for (const part of ["sealed", "wrappedKey"] as const)
      for (let at = 0; at < secret[part].length; at += 1) {
        const bytes = Uint8Array.from(secret[part]);
        bytes[at] = (bytes[at] ?? 0) ^ 1;
        expect(() => decryptSecret([key], { ...secret, [part]: bytes }, subject)).toThrow(CannotDecrypt);
      }
    expect(() => decryptSecret([key], { ...secret, sealed: secret.sealed.subarray(0, 20) }, subject)).toThrow(
      CannotDecrypt,
    );
  });

  it("moves to a new key, after which the old one is not needed", () => {
    const before = encryptSecret(key, "hunter2", subject);
    const after = rewrap(other, [key, other], before, subject);
    expect(after.keyId).toBe(other.id);
    expect(after.sealed).toEqual(before.sealed);
    expect(decryptSecret([other], after, subject)).toBe("hunter2");
    expect(() => decryptSecret([key], after, subject)).toThrow(CannotDecrypt);
  });
});
