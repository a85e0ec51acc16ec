import { rmSync } from "node:fs";
import { join } from "node:path";
import type { Bench, Figure } from "../figure.ts";
import { createModel, draftSmallModel, imageReference } from "../packages.ts";
import { type Engine, openEngine } from "../peers/docker-engine.ts";
import { limitRow, missingRow, ratioRow } from "../rows.ts";
import { type Slipway, sealToReady, startSlipway } from "../slipway.ts";
import { guidesContext } from "./runtimes-requirements.ts";

const title = "unpacked image of a scikit-learn model";
const megabyte = 1_000_000;

/** Bytes of regular files, and what an intruder would look for first. */
const script = `
import json, os, stat
found, total = [], 0
programs = {"sh", "bash", "dash", "ash", "zsh", "busybox", "apt", "apt-get", "dpkg", "apk", "pip", "pip3", "yum", "rpm"}
for folder, _, names in os.walk("/"):
    if folder.startswith(("/proc", "/sys", "/dev")):
        continue
    for name in names:
        path = os.path.join(folder, name)
        status = os.lstat(path)
        if not stat.S_ISREG(status.st_mode):
            continue
        total += status.st_size
        if status.st_mode & 0o6000 or (name in programs and os.access(path, os.X_OK)):
            found.append(path)
print(json.dumps({"bytes": total, "found": found}))
`;

interface Found {
  bytes: number;
  found: string[];
}

/** What an image takes on a node, and what it holds that serving has no use for. */
export const runtimesSize: Figure = {
  name: "runtimes-size",
  async measure(bench) {
    const engine = await openEngine(bench);
    if ("why" in engine) return [missingRow(title, engine.why)];
    const dataDir = join(bench.folder, "runtimes-size");
    const slipway = await startSlipway(bench, dataDir);
    try {
      const ours = await sizeOf(slipway, engine, `slipway-bench-size:${process.pid}`);
      const slim = await slimImage(bench, engine);
      const found = (built: string) => engine.ask<Found>(built, script);
      const base = await engine.pythonBase();
      const guides = await engine.withBuilt(guidesContext(bench, base, []), found);
      const mlflows = await engine.withBuilt(guidesContext(bench, base, ["mlflow"]), found);
      bench.say(
        `  the guide's image: ${guides.found.length} programs or setuid files; ours: ${ours.found.join(", ") || "none"}`,
      );
      const against = (
        otherName: string,
        { bytes }: { bytes: number },
        atMost: number,
        { own, figure }: { own: Found; figure: string } = { own: ours, figure: title },
      ) =>
        ratioRow(figure, {
          slipway: { unit: "MB", values: [own.bytes / megabyte] },
          otherName,
          other: { unit: "MB", values: [bytes / megabyte] },
          ratio: "slipway / other",
          goal: { atMost },
        });
      return [
        against("the guide's Dockerfile on Debian's Python", guides, 0.75),
        against("the same", guides, 0.75, { own: slim, figure: "the same image with SLIPWAY_SLIM_WHEELS=on" }),
        against("the same with what mlflow models build-docker installs", mlflows, 0.4),
        limitRow(
          "setuid files, shells and package managers in it",
          { unit: "files", values: [ours.found.length] },
          { atMost: 0 },
        ),
      ];
    } finally {
      await engine.close();
      await slipway.stop();
      rmSync(dataDir, { recursive: true, force: true });
    }
  },
};

async function sizeOf(slipway: Slipway, engine: Engine, image: string): Promise<Found> {
  await createModel(slipway, "churn");
  await draftSmallModel(slipway, "churn", "1.0.0");
  await sealToReady(slipway, "churn", "1.0.0", 100);
  await engine.pull(await imageReference(slipway, "churn", "1.0.0"), image);
  return engine.ask<Found>(image, script);
}

/** Of an instance that leaves out of wheels what serving never needs. */
async function slimImage(bench: Bench, engine: Engine): Promise<Found> {
  const dataDir = join(bench.folder, "runtimes-size-slim");
  const slipway = await startSlipway(bench, dataDir, { SLIPWAY_SLIM_WHEELS: "on" });
  try {
    return await sizeOf(slipway, engine, `slipway-bench-slim:${process.pid}`);
  } finally {
    await slipway.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}
