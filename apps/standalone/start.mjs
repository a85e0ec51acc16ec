/*
 * npm start: sets the machine up, then runs Slipway until it is told to stop. One process, so that a
 * signal to it reaches the supervisor itself.
 */
import { programPath } from "./setup/service-programs.mjs";
import { setUp } from "./setup/set-up.mjs";
import { uvPath } from "./setup/uv.mjs";

await setUp("start");
process.setSourceMapsEnabled(true);
const { main } = await import(programPath("standalone"));
process.exit(await main({ SLIPWAY_UV: uvPath, ...process.env }));
