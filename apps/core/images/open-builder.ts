import type { Config } from "#core/config.ts";
import { toolNetwork } from "./build-network.ts";
import { engineSteps } from "./engine/engine-steps.ts";
import type { Engine } from "./engine/open-engine.ts";
import { ownDockerfileBuilder } from "./engine/own-dockerfile.ts";
import type { ImageBuilder } from "./image-builder.ts";
import { type OpenAssemblerNeeds, openAssembler } from "./open-assembler.ts";
import { toolEnvironment } from "./tool-environment.ts";

export interface OpenBuilderNeeds extends Omit<OpenAssemblerNeeds, "steps"> {
  config: OpenAssemblerNeeds["config"] & Pick<Config, "engine" | "registry">;
  engine: Engine;
}

/** Both builders as the settings describe them: a package is assembled, unless it asks for its own Dockerfile. The engine
 *  is looked for when something has to be run, and not before. */
export function openBuilder(needs: OpenBuilderNeeds): ImageBuilder {
  const { config, engine, environment } = needs;
  const tools = { ...toolEnvironment(environment), ...toolNetwork(config.network, null) };
  const steps = engineSteps({ engine, config, environment: tools });
  const assembled = openAssembler({ ...needs, steps });
  const own = ownDockerfileBuilder(needs);
  return {
    name: "by the package",
    build: (request, context) => (request.spec.build === "dockerfile" ? own : assembled).build(request, context),
  };
}
