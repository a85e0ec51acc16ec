import { Failure } from "./failure.ts";

export interface Named {
  model: string;
  version: string | null;
}

/** `churn`, `churn@prod`, `churn@1.2.0`; `churn:1.2.0` is the same. */
export function named(text: string): Named {
  const [model = "", version = null, ...more] = text.split(/[@:]/);
  if (model === "" || version === "" || more.length > 0)
    throw new Failure("usage", `"${text}" names no version: write churn@1.2.0, or churn@prod for a tag`);
  return { model, version };
}

export function versionNamed(text: string): { model: string; version: string } {
  const { model, version } = named(text);
  if (version === null) throw new Failure("usage", `which version of ${model}? Write ${model}@1.2.0, or ${model}@prod`);
  return { model, version };
}
