/*
 * npm run demo: sets the machine up, then takes a trained model to a running image.
 */
import { setUp } from "./setup/set-up.mjs";
import { uvPath } from "./setup/uv.mjs";

await setUp("start");
const { register } = await import("tsx/esm/api");
register();
const { main } = await import("./demo/main.ts");
process.exit(await main({ SLIPWAY_UV: uvPath, ...process.env }));
