/*
 * npm start: sets the machine up, then runs Slipway until it is told to stop. One process, so that a
 * signal to it reaches the supervisor itself.
 */
import { setUp } from "./setup/set-up.mjs";
import { uvPath } from "./setup/uv.mjs";

await setUp("start");
const { register } = await import("tsx/esm/api");
register();
const { main } = await import("./main.ts");
process.exit(await main({ SLIPWAY_UV: uvPath, ...process.env }));
