import { join } from "node:path";

/** A folder for what the suites of one run make for each other (made-before.ts), to be removed when the last has ended; one
 *  that a killed run has left goes with the next. For when the set-up is done. */
export async function shareMade() {
  const { tsImport } = await import("tsx/esm/api");
  const { makeRunFolder } = await tsImport("./run-folder.ts", import.meta.url);
  const folder = await makeRunFolder();
  process.env["SLIPWAY_TEST_MADE"] = join(folder, "made");
  return folder;
}
