import { stringify } from "yaml";
import type { PackageSpec } from "#core/packaging/package-spec.ts";

const laterKeys = `# python: "3.11"                # else of the model, else that of the registry's base
# example: {instances: [[5.1, 3.5, 1.4, 0.2]]}   # its proof asks this
# expect: {predictions: [0]}                      # and has to hear this
# labels: {team: growth}
# metadata: {metrics: {auc: 0.91}}
`;

/** A `slipway.yaml` that says what was found, with the keys that are likely to come in comments. `requirements.txt` is found
 *  by itself: named here, it would stand before what an MLflow model says. */
export function yamlFor(
  { format, predictor, modelFile, preprocessorFile }: PackageSpec,
  rest: string = laterKeys,
): string {
  const found = {
    schema: 1,
    format,
    ...(predictor === null ? {} : { predictor: `${predictor.file}:${predictor.class}` }),
    ...(predictor !== null || modelFile === null || modelFile === "." ? {} : { model: modelFile }),
    ...(preprocessorFile === null ? {} : { preprocessor: preprocessorFile }),
  };
  return `# What a key left out stands for: docs/packages.md\n${stringify(found, { lineWidth: 0 })}${rest}`;
}
