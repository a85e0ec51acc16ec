import { expect, it } from "vitest";
import { embeddedParts, keptSecretKey } from "./environment.ts";

it("hands on the kept secret key only for a database of its own, and only where no other is named", () => {
  const handedOn = (environment: Record<string, string>) =>
    keptSecretKey(environment, embeddedParts(environment), "kept");
  expect(handedOn({})).toEqual({ SLIPWAY_SECRET_KEY: "kept" });
  expect(handedOn({ SLIPWAY_SECRET_KEY: "", REDIS_URL: "redis://elsewhere" })).toEqual({ SLIPWAY_SECRET_KEY: "kept" });
  expect(handedOn({ SLIPWAY_SECRET_KEY: "named" })).toEqual({});
  expect(handedOn({ SLIPWAY_SECRET_KEY_FILE: "/run/key" })).toEqual({});
  expect(handedOn({ DATABASE_URL: "postgresql://elsewhere/slipway" })).toEqual({});
});
