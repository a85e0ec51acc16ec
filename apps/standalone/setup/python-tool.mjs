import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root, run } from "./run-command.mjs";
import { uvPath } from "./uv.mjs";

/**
 * A program of one Python package, in an environment of its own, since its dependencies are nobody else's.
 * @param {{ requirement: string, without: string }} tool  `name==version`, whose program has the package's name.
 * @returns {{ path: string, step: import("./set-up.mjs").Step }}
 */
export function pythonTool({ requirement, without }) {
  const [name] = requirement.split("==");
  const folder = join(root, ".slipway-tools", name);
  const stamp = join(folder, "made-from.txt");
  return {
    path: join(folder, "bin", name),
    step: {
      name,
      title: `${requirement} from PyPI`,
      without,
      inPlace: () => existsSync(stamp) && readFileSync(stamp, "utf8") === requirement,
      async act() {
        const otherwise = `uv could not install ${name}. Is PyPI reachable from here?`;
        rmSync(folder, { recursive: true, force: true });
        await run(uvPath, ["venv", "--quiet", folder], { otherwise });
        await run(uvPath, ["pip", "install", "--quiet", "--python", folder, requirement], { otherwise });
        writeFileSync(stamp, requirement);
      },
    },
  };
}
