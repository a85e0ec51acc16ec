import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { folderPlaces, whatShows } from "#test/planted.ts";
import { startSlipway } from "#test/slipway-process.ts";
import { temporaryFolder } from "#test/temporary-folder.ts";
import { waitUntil } from "#test/wait-until.ts";

const canary = "canary-of-the-setup";

it("npm start shows a setup code to whoever started it, and keeps neither it nor the kept key in a log", async () => {
  const dataDir = temporaryFolder();
  const slipway = startSlipway(dataDir, { SLIPWAY_ACCESS: "on", SLIPWAY_ADMIN_TOKEN: "", LOG_LEVEL: "trace" });
  const url = await slipway.ready;
  const shown = () => slipway.lines.map(({ msg }) => /slps_\w+/.exec(msg)?.[0]).find((code) => code !== undefined);
  const code = await waitUntil("a setup code is shown", async () => shown());
  const made = await fetch(`${url}/v1/setup`, {
    method: "POST",
    headers: { authorization: `Bearer ${code}`, "content-type": "application/json" },
    body: JSON.stringify({ name: canary }),
    signal: AbortSignal.timeout(60_000),
  });
  expect(made.status).toBe(201);
  const { token } = (await made.json()) as { token: string };
  slipway.signal("SIGTERM");
  await slipway.exited;
  const { secretKey } = JSON.parse(readFileSync(join(dataDir, "secrets.json"), "utf8")) as { secretKey: string };
  const places = folderPlaces(dataDir).filter(({ name }) => !name.endsWith("/secrets.json"));
  const seen = whatShows({ canary, url }, places).join("\n");
  for (const place of [/^canary in .*\/postgres\//m, /^url in .*\/logs\/api/m]) expect(seen).toMatch(place);
  expect(whatShows({ code, token, secretKey }, places)).toEqual([]);
});
