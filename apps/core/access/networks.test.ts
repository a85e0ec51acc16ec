import { describe, expect, it } from "vitest";
import { isWithin, parseNetwork } from "./networks.ts";

const within = (networks: string[], address: string) => isWithin(networks.map(parseNetwork), address);

describe("networks", () => {
  it("hold the addresses of their prefix", () => {
    expect(within(["10.1.0.0/16"], "10.1.255.255")).toBe(true);
    expect(within(["10.1.0.0/16"], "10.2.0.0")).toBe(false);
    expect(within(["10.1.2.3"], "10.1.2.3")).toBe(true);
    expect(within(["10.1.2.3"], "10.1.2.4")).toBe(false);
    expect(within(["2001:db8::/32"], "2001:db8:1::1")).toBe(true);
    expect(within(["2001:db8::/32"], "2001:db9::1")).toBe(false);
    expect(within(["192.0.2.0/24", "2001:db8::/32"], "192.0.2.7")).toBe(true);
    expect(within(["0.0.0.0/0"], "203.0.113.9")).toBe(true);
    expect(within(["0.0.0.0/0"], "2001:db8::1")).toBe(false);
  });

  it("hold an IPv4 address that a dual-stack socket wrote as IPv6", () => {
    expect(within(["10.1.0.0/16"], "::ffff:10.1.2.3")).toBe(true);
    expect(within(["10.1.0.0/16"], "::ffff:10.2.2.3")).toBe(false);
  });

  it("hold no address that is none, and every address where there is no network", () => {
    expect(within(["0.0.0.0/0"], "")).toBe(false);
    expect(within(["0.0.0.0/0"], "localhost")).toBe(false);
    expect(within([], "203.0.113.9")).toBe(true);
  });

  it.each(["", "10.1.0.0/33", "10.1.0.0/", "10.1.0.0/8/8", "10.1/16", "::1/129", "example.org", "10.0.0.0/-1"])(
    "%j is none",
    (text) => {
      expect(() => parseNetwork(text)).toThrow(/is no network/);
    },
  );
});
