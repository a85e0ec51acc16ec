/*
 * npm run demo: sets the machine up, then takes a trained model to a running image.
 */
import { programPath } from "./setup/service-programs.mjs";
import { setUp } from "./setup/set-up.mjs";
import { uvPath } from "./setup/uv.mjs";

await setUp("start");
process.setSourceMapsEnabled(true);
const { main } = await import(programPath("demo"));
process.exit(await main({ SLIPWAY_UV: uvPath, ...process.env }));
