import type { Fault } from "#core/errors.ts";
import { didYouMean, nearMisses, nearPaths } from "./near-miss.ts";
import { hasFile, type PackageReader, readSmall } from "./package-reader.ts";
import { hasTopLevelName, topLevelClasses } from "./python-source.ts";

export interface Predictor {
  file: string;
  class: string;
}

const conventional: Predictor = { file: "src/predictor.py", class: "Predictor" };
const limitBytes = 1024 * 1024;

/** The class that answers in place of a model file: the declared one, else `class Predictor` in `src/predictor.py`.
 *  Null where there is none. The source is read, not run. */
export async function findPredictor(
  reader: PackageReader,
  declared: Predictor | null,
): Promise<{ predictor: Predictor | null; faults: Fault[] }> {
  const { file, class: name } = declared ?? conventional;
  const where = declared === null ? file : "slipway.yaml: predictor";
  const refused = (message: string) => ({ predictor: null, faults: [{ where, message }] });
  if (!hasFile(reader, file)) {
    if (declared === null) return { predictor: null, faults: [] };
    const scripts = reader.files.map(({ path }) => path).filter((path) => path.endsWith(".py"));
    return refused(`the package has no ${file}${didYouMean(nearPaths(file, scripts))}`);
  }
  const source = await readSmall(reader, file, limitBytes);
  if (source === null) return refused(`${file} is larger than 1 MiB, too large for a script`);
  const text = source.toString("utf8");
  if (declared === null) return { predictor: topLevelClasses(text).includes(name) ? conventional : null, faults: [] };
  if (hasTopLevelName(text, name)) return { predictor: declared, faults: [] };
  const classes = topLevelClasses(text);
  const meant = didYouMean(nearMisses(name, classes));
  const known = meant === "" && classes.length > 0 ? `; its classes are ${classes.slice(0, 10).join(", ")}` : "";
  return refused(`${file} has no class ${name}${meant}${known}`);
}
