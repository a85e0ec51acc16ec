import { newId } from "#core/database/ids.ts";
import { openRegistryClient } from "#core/images/registry-client/client.ts";
import { pushImage } from "#core/images/registry-client/push-image.ts";
import { finished } from "./sealed.ts";
import { smallImage } from "./small-image.ts";
import { draftOf, type TestService } from "./test-service.ts";

/** A version whose image a pipeline has pushed to a repository of its own, and has registered; `testWorker` must run. */
export async function builtElsewhere(
  service: TestService,
  model: string,
  version: string,
): Promise<{ imageDigest: string; repository: string }> {
  const { host } = service.registry.config.registry;
  const image = smallImage(`a pipeline's ${model} ${version}`);
  const path = `ci-${newId()}/${model}`;
  const client = openRegistryClient({ host });
  await pushImage(client, path, image, { log() {}, signal: AbortSignal.timeout(30_000) });
  client.close();
  await draftOf(service, model, version);
  const answer = await service.call("POST", `/v1/models/${model}/versions/${version}/builds`, {
    json: {
      image: `${host}/${path}@${image.digest}`,
      source: { repository: `https://git.example/ml/${model}`, commit: "0123abcd" },
    },
  });
  if (answer.status !== 202) throw new Error(`the image answered ${answer.status}: ${answer.bytes}`);
  const build = await finished(service, answer.json.id);
  if (build.status !== "succeeded") throw new Error(`the image is ${build.status}: ${JSON.stringify(build.error)}`);
  return { imageDigest: image.digest, repository: `${host}/${path}` };
}
