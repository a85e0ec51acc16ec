import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root, run } from "./run-command.mjs";
import { uvPath } from "./uv.mjs";

const requirement = "schemathesis==4.32.5";
const folder = join(root, ".slipway-tools/schemathesis");
const stamp = join(folder, "made-from.txt");

export const schemathesisPath = join(folder, "bin/schemathesis");

/** Tries what an OpenAPI document promises; its own environment, since its dependencies are nobody else's. */
export const schemathesis = {
  name: "schemathesis",
  title: `${requirement} from PyPI`,
  without: "the API is not tried against its OpenAPI document",
  inPlace: () => existsSync(stamp) && readFileSync(stamp, "utf8") === requirement,
  async act() {
    const otherwise = "uv could not install schemathesis. Is PyPI reachable from here?";
    rmSync(folder, { recursive: true, force: true });
    await run(uvPath, ["venv", "--quiet", folder], { otherwise });
    await run(uvPath, ["pip", "install", "--quiet", "--python", folder, requirement], { otherwise });
    writeFileSync(stamp, requirement);
  },
};
