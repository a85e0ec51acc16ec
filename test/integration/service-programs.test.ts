import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import { programPath, servicePrograms } from "#standalone/setup/service-programs.mjs";

const stamp = new URL("../../dist/made-from.json", import.meta.url);

it("makes the programs anew when a source is not the one that they were made from", async () => {
  expect(servicePrograms.inPlace()).toBe(true);
  const made = JSON.parse(readFileSync(stamp, "utf8"));
  expect(Object.keys(made)).toEqual(expect.arrayContaining(["apps/api/main.ts", "prisma/client/client.ts"]));
  const before = readFileSync(programPath("migrate"), "utf8");

  writeFileSync(programPath("migrate"), "throw new Error('stale');\n");
  writeFileSync(stamp, JSON.stringify({ ...made, "apps/core/database/migrate.ts": "another" }));
  expect(servicePrograms.inPlace()).toBe(false);
  await servicePrograms.act();
  expect(servicePrograms.inPlace()).toBe(true);
  expect(readFileSync(programPath("migrate"), "utf8")).toBe(before);
});

it("finds in node_modules at a start only what cannot be bundled", () => {
  for (const program of ["api", "worker", "standalone"] as const) {
    const imported = [...readFileSync(programPath(program), "utf8").matchAll(/^(?:import .*|} from )"([^"]+)";$/gm)];
    const found = imported.flatMap(([, from = ""]) => (/^node:|^\.\/packages\//.test(from) ? [] : from));
    expect(imported.length).toBeGreaterThan(5);
    expect(found).toEqual(program === "api" ? ["@fastify/swagger-ui"] : []);
  }
});

it("names the sources, by their own lines, where a program fails", () => {
  const DATABASE_URL = "postgresql://nobody@127.0.0.1:1/nothing";
  const trace = "process.on('exit', () => console.error(new Error().stack));";
  const { stderr } = spawnSync(process.execPath, ["--enable-source-maps", programPath("migrate")], {
    encoding: "utf8",
    env: { ...process.env, DATABASE_URL, NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(trace)}` },
  });
  expect(stderr).toMatch(/could not be migrated/);
  const source = readFileSync(new URL("../../prisma/migrate.ts", import.meta.url), "utf8").split("\n");
  const line = source.findIndex((text) => text.includes("process.exit(error")) + 1;
  expect(stderr).toContain(`prisma/migrate.ts:${line}:`);
});
