import { draftOf, type TestService } from "./test-service.ts";
import { waitUntil } from "./wait-until.ts";

/** The smallest package: a predictor that answers what it is asked. */
export const predictorPackage = {
  "src/predictor.py":
    "class Predictor:\n    def __init__(self, model_dir):\n        pass\n\n    def predict(self, instances):\n        return instances\n",
};

/** A sealed version, its build queued. */
export async function sealed(service: TestService, model: string, version: string): Promise<{ buildId: string }> {
  await draftOf(service, model, version, { ...predictorPackage, "notes.txt": `${model} ${version}` });
  const answer = await service.call("POST", `/v1/models/${model}/versions/${version}/seal`);
  if (answer.status !== 202) throw new Error(`seal answered ${answer.status}: ${JSON.stringify(answer.json)}`);
  return { buildId: answer.json.build.id };
}

/** A version whose image a worker has made, and has brought with its tags to the registry; `testWorker` must run. */
export async function ready(service: TestService, model: string, version: string): Promise<{ imageDigest: string }> {
  const { buildId } = await sealed(service, model, version);
  await finished(service, buildId);
  await tagged(service, model);
  const read = await service.call("GET", `/v1/models/${model}/versions/${version}`);
  if (read.json.status !== "ready") throw new Error(`${model}:${version} is ${read.json.status}`);
  return { imageDigest: read.json.image.digest };
}

/** No worker has anything to do for the model's tags in registries any more. */
export async function tagged({ registry }: TestService, model: string): Promise<void> {
  const left = { model: { name: model, deletedAt: null }, status: "pending" };
  await waitUntil(
    `the tags of ${model} are in their registry`,
    async () => (await registry.db.tagSync.count({ where: left })) === 0,
    { everyMs: 10 },
  );
}

// biome-ignore lint/suspicious/noExplicitAny: JSON of the API
export async function finished({ call }: TestService, buildId: string, withinMs = 45_000): Promise<any> {
  return waitUntil(
    `build ${buildId} ends`,
    async () => {
      const { json } = await call("GET", `/v1/builds/${buildId}`);
      return ["succeeded", "failed", "cancelled"].includes(json.status) ? json : null;
    },
    { withinMs },
  );
}
