import { BuildFault } from "#core/images/image-builder.ts";
import { type GuardedService, guardedService } from "./access.ts";
import { smallImageBuilder } from "./small-image.ts";
import { audience } from "./test-issuer.ts";
import { testWorker } from "./test-worker.ts";

/** A service that pipelines push to and promote in, whose proofs find no engine. A version whose metadata says so cannot be
 *  built. */
export async function pipelineService(): Promise<{ service: GuardedService; url: string; adminToken: string }> {
  const service = await guardedService({
    SLIPWAY_PUBLIC_URL: audience,
    SLIPWAY_ISSUER_NETWORKS: "127.0.0.1",
    SLIPWAY_PROOF: "on",
    DOCKER_HOST: "unix:///nowhere/docker.sock",
    SLIPWAY_RETRY_SECONDS: "0",
    SLIPWAY_RECONCILE_SECONDS: "0.2",
  });
  testWorker(
    service.registry,
    smallImageBuilder(async (_attempt, { metadata }) => {
      if ("unresolvable" in metadata) throw new BuildFault("requirements_unresolvable", "there is no such <wheel>");
    }),
  );
  const { adminToken } = service.registry.config.access;
  return { service, url: `http://127.0.0.1:${service.port}`, adminToken: adminToken ?? "" };
}
