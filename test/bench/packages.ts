import { realModel } from "#test/real-models.ts";
import { commandOutput } from "./command.ts";
import type { Slipway } from "./slipway.ts";

/** The smallest package round a large file: a predictor that leaves the file alone. */
const predictor = `class Predictor:
    def __init__(self, model_dir):
        pass

    def predict(self, instances):
        return instances
`;

export async function createModel({ client }: Slipway, name: string): Promise<void> {
  await client.send("POST", "/v1/models", { name });
}

/** A draft of the scikit-learn model of test/models/churn, other than any before it by one line of text. */
export async function draftSmallModel(slipway: Slipway, model: string, version: string): Promise<void> {
  const note = Buffer.from(`${model} ${version} ${slipway.url}\n`);
  await draftFiles(slipway, model, version, { ...realModel("churn").files, "notes.txt": note });
}

/** A draft that holds the file at `path`, as `weights.bin`. */
export async function draftLargeModel(slipway: Slipway, model: string, version: string, path: string): Promise<void> {
  await draftWithFile(slipway, model, version, { "src/predictor.py": Buffer.from(predictor) }, path);
}

/** A draft of small files and of the file at `path`, as `weights.bin`. */
export async function draftWithFile(
  slipway: Slipway,
  model: string,
  version: string,
  files: Readonly<Record<string, Buffer>>,
  path: string,
): Promise<void> {
  await draftFiles(slipway, model, version, files);
  await putFile(`${slipway.url}/v1/models/${model}/versions/${version}/files/weights.bin`, path);
}

/** Of a version that is ready: `host/repository@digest`. */
export async function imageReference({ client }: Slipway, model: string, version: string): Promise<string> {
  const { image } = (await client.send("GET", `/v1/models/${model}/versions/${version}`)) as {
    image: { reference: string };
  };
  return image.reference;
}

/** Sends a file as it lies on disk. */
export async function putFile(url: string, path: string): Promise<void> {
  const header = ["--header", "content-type: application/octet-stream"];
  await commandOutput("curl", ["--fail-with-body", "--silent", "--show-error", ...header, "--upload-file", path, url]);
}

/** A draft of small files. */
export async function draftFiles(
  { client }: Slipway,
  model: string,
  version: string,
  files: Readonly<Record<string, Buffer>>,
): Promise<void> {
  await client.send("POST", `/v1/models/${model}/versions`, { version });
  for (const [path, bytes] of Object.entries(files))
    await client.upload(`/v1/models/${model}/versions/${version}/files/${path}`, bytes);
}
