import { rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { root } from "#standalone/setup/run-command.mjs";
import { commandPath } from "#standalone/setup/service-programs.mjs";
import { uvPath } from "#standalone/setup/uv.mjs";
import { commandOutput } from "../command.ts";
import type { Figure } from "../figure.ts";
import { limitRow } from "../rows.ts";

/** The command's one file, and what installing the Python client puts on disk, with all that it needs. */
export const cliSize: Figure = {
  name: "cli-size",
  async measure({ folder }) {
    const target = join(folder, "python-client");
    await commandOutput(uvPath, ["pip", "install", "--quiet", "--target", target, join(root, "apps/python-client")]);
    const kibibytes = Number((await commandOutput("du", ["-sk", target])).split("\t", 1)[0]);
    rmSync(target, { recursive: true });
    return [
      limitRow("dist/slipway.js", { unit: "MB", values: [statSync(commandPath).size / 1e6] }, null),
      limitRow("pip install slipway-client, with what it needs", { unit: "MB", values: [kibibytes / 976.5625] }, null),
    ];
  },
};
