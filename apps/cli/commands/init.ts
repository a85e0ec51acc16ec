import { mkdir, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { stringify } from "yaml";
import { findModel } from "#core/packaging/find-model.ts";
import { nothingKnown } from "#core/packaging/offers.ts";
import { Failure } from "../failure.ts";
import { checkPackage } from "../package/check-package.ts";
import { folderPackage } from "../package/folder-package.ts";
import { cardFor, skeleton, skeletonExample } from "../package/skeleton.ts";
import { yamlFor } from "../package/yaml-for.ts";
import { hasCode } from "../push/begin.ts";
import { type FoundFile, findFiles } from "../push/folder.ts";
import { plain } from "../terminal/table.ts";
import type { Work } from "../work.ts";

const slipwayYaml = "slipway.yaml";

/** Writes what is not there. Where there is no model and no Predictor the folder becomes the guide's, with a Predictor that
 *  answers as it stands. */
export async function init({ screen }: Work, folder: string, { model }: { model?: string }): Promise<void> {
  await mkdir(folder, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
    throw new Failure("usage", `${folder} cannot be made (${error.code}): name another folder`, { cause: error });
  });
  const before = await filesIn(folder);
  const there = new Set(before.map(({ path }) => path));
  if (there.has(slipwayYaml) && model !== undefined)
    throw new Failure("usage", `${join(folder, slipwayYaml)} is there, and is left as it is: name the model in it`);
  const written: string[] = [];
  const write = async (path: string, text: string) => {
    const place = join(folder, path);
    await mkdir(dirname(place), { recursive: true });
    try {
      await writeFile(place, text, { flag: "wx" });
      written.push(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  };

  const isNew = !there.has(slipwayYaml) && !there.has("src/predictor.py");
  const found = isNew ? await findModel(folderPackage(before), null) : null;
  if (found?.candidates !== undefined && model === undefined)
    throw new Failure(
      "usage",
      `${found.candidates.join(", ")} can be the model: slipway init ${folder} --model ${found.candidates[0]} says which`,
    );
  const isEmpty = found?.none === true && model === undefined;
  if (isEmpty) for (const [path, text] of Object.entries(skeleton)) await write(path, text);
  const files = await filesIn(folder);
  const named = model === undefined ? {} : { [slipwayYaml]: stringify({ schema: 1, model }) };
  const { spec, notes } = await checkPackage(files, { labels: {}, metadata: {} }, nothingKnown, named);
  await write(slipwayYaml, yamlFor(spec, isEmpty ? skeletonExample : undefined));
  await write("README.md", cardFor(basename(resolve(folder)), spec.format));
  if (screen.json) return screen.print(JSON.stringify({ written: written.sort(), spec }));
  for (const path of written.sort()) screen.print(`wrote  ${join(folder, path)}`);
  for (const note of notes) screen.note(plain(note));
  screen.note(written.length === 0 ? "all of it is there: nothing was written" : `next: slipway check ${folder}`);
}

async function filesIn(folder: string): Promise<FoundFile[]> {
  return findFiles(folder, false).catch((error: unknown) => {
    if (hasCode(error, "folder_empty")) return [];
    throw error;
  });
}
