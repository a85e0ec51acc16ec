import { predictorPackage } from "#test/sealed.ts";
import type { Random } from "./random.ts";

/** Sizes of the files of a model as they come: empty, small, larger than a layer of its own. */
const sizes = [
  () => 0,
  () => 1,
  (random: Random) => random.below(4_096),
  (random: Random) => random.below(256 * 1024),
  (random: Random) => 64 * 1024 + random.below(3 * 1024 * 1024),
  (random: Random) => 8 * 1024 * 1024 + random.below(12 * 1024 * 1024),
] as const;

/** A predictor and files of random sizes, 0 B to 20 MiB. */
export function randomPackage(random: Random): Record<string, Buffer> {
  const files = smallPackage(random);
  for (let index = 0; index < 1 + random.below(4); index += 1)
    files[`model/part-${index}.bin`] = random.bytes(random.pick(sizes)(random));
  return files;
}

export function smallPackage(random: Random): Record<string, Buffer> {
  const files = Object.entries(predictorPackage).map(([path, text]) => [path, Buffer.from(text)] as const);
  return { ...Object.fromEntries(files), "notes.txt": random.bytes(64) };
}

/** Small packages of pure Python that nothing else here needs. */
const extras = ["colorama", "humanize", "more-itertools", "pyparsing", "six", "tabulate", "termcolor", "toml", "zipp"];

/** The same with requirements that hardly any package before had: its runtime has to be made. */
export function packageWithNewRuntime(random: Random): Record<string, Buffer> {
  const wanted = random.shuffled(extras).slice(0, 1 + random.below(extras.length - 1));
  return {
    ...smallPackage(random),
    "requirements.txt": Buffer.from(
      wanted
        .sort()
        .map((name) => `${name}\n`)
        .join(""),
    ),
  };
}

export function packageWithLargeFile(random: Random): Record<string, Buffer> {
  return {
    ...smallPackage(random),
    "model/weights.bin": random.bytes(8 * 1024 * 1024 + random.below(12 * 1024 * 1024)),
  };
}
