import fc from "fast-check";
import type { FastifyRequest } from "fastify";
import { describe, expect, it } from "vitest";
import { isSlipwayError } from "#core/errors.ts";
import { expectedDigest } from "./request-body.ts";

const read = (header: string) => expectedDigest({ headers: { "content-digest": header } } as unknown as FastifyRequest);

describe("a Content-Digest", () => {
  it("is the SHA-256 that it holds, also beside others", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
        const base64 = Buffer.from(bytes).toString("base64");
        const digest = `sha256:${Buffer.from(bytes).toString("hex")}`;
        expect(read(`sha-256=:${base64}:`)).toBe(digest);
        expect(read(`sha-512=:AAAA:, sha-256=:${base64}:`)).toBe(digest);
      }),
    );
  });

  it("is a digest, none, or refused, whatever it says", () => {
    const odd = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.string({ unit: fc.constantFrom("sha-256", "=", ":", "A", "?1", ",", ";", '"', "(", " ") }),
      fc.base64String().map((text) => `sha-256=:${text}:`),
    );
    fc.assert(
      fc.property(odd, (header) => {
        try {
          expect(read(header) ?? `sha256:${"0".repeat(64)}`).toMatch(/^sha256:[0-9a-f]{64}$/);
        } catch (error) {
          if (!isSlipwayError(error, "invalid_request")) throw error;
        }
      }),
      { numRuns: 200 },
    );
  });
});
