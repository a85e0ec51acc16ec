/**
 * What a LightGBM model says of itself: lines of `key=value` before its trees, and a line that ends them:
 *
 *     tree
 *     version=v4
 *     num_class=1
 *     num_tree_per_iteration=1
 *     max_feature_idx=3
 *     objective=binary sigmoid:1
 *     feature_names=age fare Column_2 Column_3
 *     …
 *     Tree=0
 *     …
 *     end of trees
 *
 * Source: microsoft/LightGBM, src/boosting/gbdt_model_text.cpp.
 */
import { ByteCursor, rangeFeed } from "../byte-cursor.ts";
import { type ByteSource, readUpTo } from "../byte-source.ts";
import type { ModelSignature } from "../model-tensor.ts";
import { Unreadable } from "../unreadable.ts";

const longestLine = 4 * 1024 * 1024;
const mostLines = 100;
const mostColumns = 10_000;
/** What follows the trees: the importance of each column, the parameters, the categories of a data frame. */
const tailBytes = 16 * 1024 * 1024;

/** The columns, where they have names. Throws `Unreadable` where the bytes are no complete model. */
export async function readLightgbm(source: ByteSource): Promise<{ signature: ModelSignature | null }> {
  const header = await readHeader(source);
  const tail = await readUpTo(source, Math.max(0, source.sizeBytes - tailBytes), tailBytes);
  if (!tail.includes("\nend of trees"))
    throw new Unreadable('is a LightGBM model without its last line, "end of trees": is the upload complete?');
  const names = header.get("feature_names")?.split(" ") ?? [];
  const count = Number(header.get("max_feature_idx") ?? Number.NaN) + 1;
  if (names.length !== count)
    throw new Unreadable(`is a LightGBM model that names ${names.length} of its ${count} columns: is it damaged?`);
  // So it calls columns that have no names.
  const isNamed = !names.every((name, index) => name === `Column_${index}`);
  if (!isNamed || count > mostColumns || hasCategories(tail)) return { signature: null };
  return {
    signature: { inputs: names.map((name) => ({ name, type: "float64", shape: [-1] })), outputs: outputsOf(header) },
  };
}

async function readHeader(source: ByteSource): Promise<Map<string, string>> {
  const cursor = new ByteCursor(rangeFeed(source));
  const header = new Map<string, string>();
  for (let count = 0; count < mostLines; count += 1) {
    const bytes = await cursor.line(longestLine);
    if (bytes === null) throw new Unreadable("has a line that is too long to inspect");
    const line = Buffer.from(bytes, "latin1").toString("utf8").trimEnd();
    if (line.startsWith("Tree=") || line === "end of trees") return header;
    const equals = line.indexOf("=");
    if (equals > 0) header.set(line.slice(0, equals), line.slice(equals + 1));
  }
  throw new Unreadable("is a LightGBM model whose head has no end: is it damaged?");
}

/** Of a data frame, whose values only it knows by number. */
function hasCategories(tail: Buffer): boolean {
  const line = /\npandas_categorical:(.*)/.exec(tail.subarray(-longestLine).toString("utf8"))?.[1]?.trim();
  return line !== undefined && line !== "null" && line !== "[]";
}

/** Where the objective leaves no doubt of what `Booster.predict` gives. */
function outputsOf(header: Map<string, string>): ModelSignature["outputs"] {
  const objective = header.get("objective")?.split(" ", 1)[0] ?? "";
  const classes = Number(header.get("num_class") ?? 1);
  if (/^multiclass(?:ova)?$/.test(objective)) return [{ name: "prediction", type: "float64", shape: [-1, classes] }];
  const isScalar =
    /^(?:binary|regression|l1|l2|huber|fair|poisson|quantile|mape|gamma|tweedie|cross_entropy|lambdarank|rank_xendcg)/;
  return isScalar.test(objective) && classes === 1 ? [{ name: "prediction", type: "float64", shape: [-1] }] : [];
}
