import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { BuildOptions } from "esbuild";
import { afterAll, beforeAll, expect, it } from "vitest";
import { bundlePackages } from "./bundled-packages.mjs";
import { root } from "./run-command.mjs";

const options: BuildOptions = {
  absWorkingDir: root,
  bundle: true,
  platform: "node",
  format: "esm",
  logLevel: "silent",
};
const program = `import canonicalize from "./packages/canonicalize.js";
import Engine from "./packages/dockerode.js";
import {
  Pool,
  DatabaseError as Refusal
} from "./packages/pg.js";
import * as types from "./packages/pg-types.js";
import {} from "./packages/pino.js";
export const made = { canonicalize, Engine, Pool, Refusal, types };
`;
let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(root, ".slipway-bundled-")); // in the checkout, whose node_modules are meant
});
afterAll(() => rmSync(folder, { recursive: true }));

async function bundled(text: string, lock: string): Promise<string> {
  const importing = await bundlePackages({ folder, programs: [text], lock, options });
  return importing(text);
}
const keys = () => readdirSync(join(folder, "packages"));

it("gives a program what it names of packages, as Node gives it", async () => {
  const file = join(folder, "program.mjs");
  writeFileSync(file, await bundled(program, "one"));
  const { made } = await import(/* @vite-ignore */ pathToFileURL(file).href);
  expect(made.canonicalize({ b: 1, a: 2 })).toBe('{"a":2,"b":1}');
  expect(new made.Refusal("no", 1, "error")).toBeInstanceOf(Error);
  expect([typeof made.Pool, typeof made.types.getTypeParser]).toEqual(["function", "function"]);
  expect(new made.Engine({ socketPath: "/nowhere" }).getImage("one").name).toBe("one");
  expect(() => new made.Engine({ protocol: "ssh", host: "nowhere" }).ping(() => {})).toThrow(/by SSH/);
});

it("makes them when a version moves or something else is imported, and keeps the last ones", async () => {
  const first = keys();
  await bundled(program, "one");
  expect(keys()).toEqual(first);

  await bundled(program, "another");
  await bundled(`${program}import { parse } from "./packages/smol-toml.js";\n`, "one");
  expect(keys()).toEqual(expect.arrayContaining(first));
  expect(keys()).toHaveLength(3);

  const [former = "", older = ""] = keys().filter((key) => !first.includes(key));
  const hoursAgo = (hours: number) => new Date(Date.now() - hours * 60 * 60 * 1_000);
  utimesSync(join(folder, "packages", former), hoursAgo(30), hoursAgo(30));
  utimesSync(join(folder, "packages", older), hoursAgo(40), hoursAgo(40));
  await bundled(program, "one");
  expect(keys().sort()).toEqual([...first, former].sort());
});
