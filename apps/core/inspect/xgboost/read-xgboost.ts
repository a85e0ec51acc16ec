/**
 * What an XGBoost model says of itself, without its trees:
 *
 *     {"learner": {"feature_names": […], "feature_types": […], "gradient_booster": {…},
 *                  "learner_model_param": {"num_class": "0", "num_feature": "4", "num_target": "1"},
 *                  "objective": {"name": "binary:logistic"}},
 *      "version": [3, 2, 0]}                           as JSON or UBJSON
 *
 * Source: dmlc/xgboost, doc/model.schema and doc/tutorials/saving_model.rst.
 */
import { ByteCursor, rangeFeed } from "../byte-cursor.ts";
import { type ByteSource, readUpTo } from "../byte-source.ts";
import type { ModelSignature } from "../model-tensor.ts";
import { Unreadable } from "../unreadable.ts";
import { pickJson } from "./pick-json.ts";
import { pickUbjson } from "./pick-ubjson.ts";

export interface XgboostInspection {
  /** `3.2.0`; null where the file says none. */
  version: string | null;
  /** Where it is of the old binary format: the first version that no longer reads it. */
  before?: string;
  /** Of its columns, where they have names. */
  signature: ModelSignature | null;
}

const wanted = {
  learner: {
    feature_names: true,
    feature_types: true,
    learner_model_param: { num_class: true, num_feature: true, num_target: true },
    objective: { name: true },
  },
  version: true,
} as const;

const mostColumns = 10_000;
/** Half a minute of work. */
const largestJsonBytes = 4 * 1024 ** 3;

/** Throws `Unreadable` where the bytes are no complete model. The old binary format (until 3.0) is not looked into. */
export async function readXgboost(source: ByteSource): Promise<XgboostInspection> {
  const head = (await readUpTo(source, 0, 4)).toString("latin1");
  if (head === "binf") return { version: null, before: "3.1", signature: null };
  const isBinary = /^\{[iUIlL]/.test(head);
  if (!isBinary && source.sizeBytes > largestJsonBytes)
    throw new Unreadable('is more JSON than can be inspected: save it with save_model("model.ubj"), which is smaller');
  const cursor = new ByteCursor(rangeFeed(source));
  const document = await (isBinary ? pickUbjson : pickJson)(cursor, wanted);
  const learner = memberOf(document, "learner");
  if (typeof learner !== "object" || learner === null)
    throw new Unreadable("is an XGBoost file without a learner: is the upload complete?");
  return { version: versionOf(memberOf(document, "version")), signature: signatureOf(learner) };
}

function versionOf(version: unknown): string | null {
  const isWhole = Array.isArray(version) && version.length === 3 && version.every((part) => Number.isInteger(part));
  return isWhole && version[0] > 0 ? version.join(".") : null;
}

function signatureOf(learner: object): ModelSignature | null {
  const names = memberOf(learner, "feature_names");
  const types = memberOf(learner, "feature_types");
  const isNamed = Array.isArray(names) && names.length > 0 && names.length <= mostColumns;
  if (!isNamed || !names.every((name) => typeof name === "string")) return null;
  // What a category is called in a request is for the model's own encoding to say.
  if (Array.isArray(types) && types.includes("c")) return null;
  return {
    inputs: names.map((name: string) => ({ name, type: "float64", shape: [-1] })),
    outputs: outputsOf(learner),
  };
}

/** Where the objective leaves no doubt of what `Booster.predict` gives. */
function outputsOf(learner: object): ModelSignature["outputs"] {
  const objective = String(memberOf(memberOf(learner, "objective"), "name"));
  const parameters = memberOf(learner, "learner_model_param");
  const count = (name: string) => Number(memberOf(parameters, name) ?? 0);
  const prediction = (shape: number[]) => [{ name: "prediction", type: "float32", shape }];
  if (objective === "multi:softprob" && count("num_class") > 1) return prediction([-1, count("num_class")]);
  if (count("num_target") > 1 || !/^(?:binary|reg|count|rank|multi):/.test(objective)) return [];
  return objective === "reg:quantileerror" ? [] : prediction([-1]);
}

function memberOf(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined;
}
