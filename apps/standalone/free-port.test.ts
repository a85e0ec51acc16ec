import { expect, it } from "vitest";
import { freePort } from "./free-port.ts";

it("gives no port twice, bound or not", async () => {
  const ports = await Promise.all(Array.from({ length: 500 }, () => freePort()));
  expect(new Set(ports).size).toBe(500);
});
