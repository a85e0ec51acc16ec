import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { realModel } from "#test/real-models.ts";
import { settle } from "../command.ts";
import type { Bench, Figure } from "../figure.ts";
import { createModel, draftFiles } from "../packages.ts";
import { openEngine } from "../peers/docker-engine.ts";
import { missingRow, type Row, ratioRow } from "../rows.ts";
import { type Slipway, sealToReady, startSlipway } from "../slipway.ts";

const pollMs = 50;
/** Each makes a set of requirements that nothing has met. */
const newcomers = ["humanize==4.12.3", "tabulate==0.9.0", "Unidecode==1.4.0", "more-itertools==10.7.0", "toolz==1.0.0"];
const title = "a new set of requirements, scikit-learn and scipy known";

/** What it costs to add a small package to the requirements of a scikit-learn model. */
export const runtimesRequirements: Figure = {
  name: "runtimes-requirements",
  async measure(bench) {
    const engine = await openEngine(bench);
    if ("why" in engine) return [missingRow(title, engine.why)];
    const dataDir = join(bench.folder, "runtimes-requirements");
    const slipway = await startSlipway(bench, dataDir);
    const sides = { slipway: [] as number[], docker: [] as number[] };
    try {
      await createModel(slipway, "churn");
      await sealWith(slipway, "1.0.0", []);
      const base = await engine.pythonBase();
      for (const [run, newcomer] of newcomers.slice(0, bench.runs).entries()) {
        await settle();
        sides.slipway.push(await sealWith(slipway, `1.${run + 1}.0`, [newcomer]));
        await settle();
        const context = guidesContext(bench, base, [newcomer]);
        sides.docker.push(await engine.buildAndPush(`${slipway.registryHost}/bench/churn:${run}`, context));
        bench.say(
          `  ${newcomer}: slipway ${sides.slipway.at(-1)?.toFixed(2)} s, docker ${sides.docker.at(-1)?.toFixed(2)} s`,
        );
      }
      return [rowOf(sides)];
    } finally {
      await engine.close();
      await slipway.stop();
      rmSync(dataDir, { recursive: true, force: true });
    }
  },
};

async function sealWith(slipway: Slipway, version: string, more: readonly string[]): Promise<number> {
  const { files } = realModel("churn");
  const requirements = [files["requirements.txt"]?.toString().trim() ?? "", ...more].join("\n");
  await draftFiles(slipway, "churn", version, { ...files, "requirements.txt": Buffer.from(`${requirements}\n`) });
  return sealToReady(slipway, "churn", version, pollMs);
}

/** The REST container of the packaging guide: requirements, then everything else. */
export function guidesContext(bench: Bench, base: string, more: readonly string[]): string {
  const context = join(bench.folder, "guides-context");
  rmSync(context, { recursive: true, force: true });
  const { files } = realModel("churn");
  for (const [path, bytes] of Object.entries(files)) {
    mkdirSync(join(context, path, ".."), { recursive: true });
    writeFileSync(join(context, path), bytes);
  }
  const requirements = [files["requirements.txt"]?.toString().trim() ?? "", "fastapi", "uvicorn[standard]", ...more];
  writeFileSync(join(context, "requirements.txt"), `${requirements.join("\n")}\n`);
  const install = '"install", "--no-cache-dir", "--break-system-packages", "-r", "requirements.txt"';
  const dockerfile = [
    `FROM ${base}`,
    "WORKDIR /app",
    "COPY requirements.txt .",
    `RUN ["/usr/bin/python3", "-m", "pip", ${install}]`,
    "COPY . .",
    "EXPOSE 8000",
    'CMD ["uvicorn", "main:app", "--host", "0.0.0.0", "--port", "8000"]',
    "",
  ];
  writeFileSync(join(context, "Dockerfile"), dockerfile.join("\n"));
  return context;
}

function rowOf({ slipway, docker }: { slipway: number[]; docker: number[] }): Row {
  return ratioRow(`${title}: seal → ready`, {
    slipway: { unit: "s", values: slipway },
    otherName: "docker build (pip install) + push",
    other: { unit: "s", values: docker },
    ratio: "other / slipway",
    goal: { atLeast: 10 },
  });
}
