/**
 * What a Keras model says of itself.
 *
 *     .keras   a ZIP of metadata.json {"keras_version", …}, config.json, the architecture, and model.weights.h5
 *     .h5      HDF5, with keras_version and model_config (the same JSON as of old) as attributes of its root
 *
 * Source: keras-team/keras, keras/src/saving/saving_lib.py and keras/src/legacy/saving/legacy_h5_format.py.
 */
import type { ByteSource } from "../byte-source.ts";
import { largestText, rootAttributes } from "../hdf5/root-attributes.ts";
import { Unreadable } from "../unreadable.ts";
import { readZipEntry, zipEntries } from "../zip-archive.ts";

export interface KerasInspection {
  /** Of the Keras that saved it; null where the file says none. */
  version: string | null;
  /** Classes of whoever saved it that no module of theirs is named for. */
  ownClasses: string[];
  /** Whether it holds Python bytecode, as a `Lambda` of a lambda does. */
  hasBytecode: boolean;
}

/** Throws `Unreadable` where the bytes are no complete model. */
export async function readKerasArchive(source: ByteSource): Promise<KerasInspection> {
  const entries = await zipEntries(source);
  const json = async (name: string) => {
    const bytes = await readZipEntry(source, entries, name, largestText);
    if (bytes === null) throw new Unreadable(`is a Keras model without ${name}: is the upload complete?`);
    return parsed(bytes.toString("utf8"), name);
  };
  const metadata = await json("metadata.json");
  return { version: versionIn(metadata), ...findingsIn(await json("config.json")) };
}

/** Throws `Unreadable` where the bytes are no complete HDF5 file, or one that holds no whole model. */
export async function readKerasHdf5(source: ByteSource): Promise<KerasInspection> {
  const attributes = await rootAttributes(source);
  const config = attributes.get("model_config");
  if (config === undefined)
    throw new Unreadable(
      'is an HDF5 file without a Keras model\'s architecture (it may hold its weights alone): save the whole model with model.save("model.keras")',
    );
  return { version: attributes.get("keras_version") ?? null, ...findingsIn(parsed(config, "model_config")) };
}

function parsed(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Unreadable(`is a Keras model whose ${name} is no JSON: is it damaged?`);
  }
}

function versionIn(metadata: unknown): string | null {
  if (typeof metadata !== "object" || metadata === null || !("keras_version" in metadata)) return null;
  return typeof metadata.keras_version === "string" ? metadata.keras_version : null;
}

function findingsIn(config: unknown): Pick<KerasInspection, "ownClasses" | "hasBytecode"> {
  const ownClasses = new Set<string>();
  let hasBytecode = false;
  const pending: unknown[] = [config];
  while (pending.length > 0) {
    const value = pending.pop();
    if (typeof value !== "object" || value === null) continue;
    const { module, class_name: name, registered_name: registered } = value as Partial<Record<string, unknown>>;
    // As Keras 3 and as Keras 2 write it.
    if (name === "__lambda__" || ("function_type" in value && value.function_type === "lambda")) hasBytecode = true;
    // Keras writes no module for `__main__`, nor for what is found by its registered name alone.
    if (module === null && typeof registered === "string" && typeof name === "string") ownClasses.add(name);
    for (const inner of Object.values(value)) if (typeof inner === "object") pending.push(inner);
  }
  return { ownClasses: [...ownClasses].slice(0, 10), hasBytecode };
}
