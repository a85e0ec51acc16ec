import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hashOf, newToken, parseToken, sameHash } from "./token.ts";

describe("a token", () => {
  it("is found by its form, and never comes twice", () => {
    const tokens = new Set(Array.from({ length: 1_000 }, () => newToken("token")));
    expect(tokens.size).toBe(1_000);
    for (const token of tokens) {
      expect(token).toMatch(/^slpw_[0-9A-Za-z]{38}$/);
      expect(parseToken(token)).toEqual({ kind: "token", token });
    }
  });

  it("keeps its form from release to release", () => {
    expect(parseToken("slpw_0123456789ABCDEFGHIJKLMNOPQRSTUVCHECKS")).toBeNull();
    expect(hashOf("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  });

  it("is refused when it was cut, lengthened or mistyped", () => {
    const token = newToken("token");
    for (let length = 0; length < token.length; length += 1) expect(parseToken(token.slice(0, length))).toBeNull();
    expect(parseToken(`${token}0`)).toBeNull();
    expect(parseToken(` ${token}`)).toBeNull();
    fc.assert(
      fc.property(fc.integer({ min: 0, max: token.length - 1 }), fc.constantFrom(..."0aZ_ é"), (at, other) => {
        if (token[at] === other) return;
        expect(parseToken(token.slice(0, at) + other + token.slice(at + 1))).toBeNull();
      }),
    );
  });

  it("is no setup code, nor one a token", () => {
    const code = newToken("setup");
    expect(parseToken(code)).toEqual({ kind: "setup", token: code });
    expect(parseToken(code.replace("slps_", "slpw_"))).toBeNull();
  });

  it("is compared whole, whatever its length", () => {
    expect(sameHash(hashOf("a secret"), hashOf("a secret"))).toBe(true);
    expect(sameHash(hashOf("a secret"), hashOf("a secret "))).toBe(false);
    expect(sameHash(hashOf(""), hashOf("a secret"))).toBe(false);
  });
});
