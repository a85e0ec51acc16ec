import { systemPackagePattern } from "./dockerfile.ts";
import type { Serve } from "./package-spec.ts";
import type { Reading } from "./reading.ts";

/** `build`, `system_packages` and `serve` of `slipway.yaml`: what asks for commands to be run. */

const mostSystemPackages = 100;
/** Of whatever serves, built here or elsewhere: the container is no root, and the path is asked for as it stands. */
export const servePorts = { from: 1_024, to: 65_535 } as const;
export const healthPathPattern = "^/[A-Za-z0-9._~!$&'()*+,;=:@%/-]{0,255}$";
const defaultServe: Serve = { port: 8000, health: "/health" };

export function readBuild(value: unknown, read: Reading): "assemble" | "dockerfile" {
  if (value === "dockerfile" || value === "assemble") return value;
  read.fault(["build"], "expected assemble or dockerfile");
  return "assemble";
}

/** Sorted, each once. */
export function readSystemPackages(value: unknown, read: Reading): string[] {
  const given = read.list(["system_packages"], value);
  if (given.length > mostSystemPackages)
    read.fault(["system_packages"], `at most ${mostSystemPackages} can be installed: a Dockerfile can do more`);
  const names = given.slice(0, mostSystemPackages).flatMap((item, index) => {
    const name = read.text(["system_packages", index], item);
    if (name === null) return [];
    if (systemPackagePattern.test(name)) return [name];
    read.fault(["system_packages", index], `"${name}" is no name of a Debian package: write it like libgomp1`);
    return [];
  });
  return [...new Set(names)].sort();
}

export function readServe(value: unknown, read: Reading): Serve | null {
  const serve = read.mapping(["serve"], value, ["port", "health"]);
  const port = serve["port"] ?? defaultServe.port;
  if (typeof port !== "number" || !Number.isInteger(port) || port < servePorts.from || port > servePorts.to) {
    read.fault(
      ["serve", "port"],
      `expected a number from ${servePorts.from} to ${servePorts.to}: the container is no root`,
    );
    return null;
  }
  const health = serve["health"] === undefined ? defaultServe.health : read.text(["serve", "health"], serve["health"]);
  if (health === null) return null;
  if (new RegExp(healthPathPattern).test(health)) return { port, health };
  read.fault(["serve", "health"], `"${health}" is no path of a URL: write it like /health`);
  return null;
}
