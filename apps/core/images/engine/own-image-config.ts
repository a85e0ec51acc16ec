import { BuildFault, type BuildRequest } from "../image-builder.ts";
import type { ImageConfig } from "../oci.ts";
import type { ExportedImage } from "./export-image.ts";
import { runLabel, untilLabel } from "./labels.ts";

/** What a runtime reads of an image's configuration; the engine's own notes are left behind. */
const kept = ["architecture", "os", "created", "config", "rootfs", "history"] as const;

/** The configuration of an image that an own Dockerfile gave, with Slipway's labels. Throws `image_unusable` where it
 *  breaks the contract of all images: nobody's root runs it, and it says when it is healthy. */
export function ownImageConfig(made: ExportedImage["config"], request: BuildRequest): ImageConfig {
  const { config: settings = {} } = made;
  const { serve } = request.spec;
  const refuse = (reason: string): never => {
    throw new BuildFault("image_unusable", `the image of the Dockerfile cannot be served: ${reason}`);
  };
  if (made.os !== "linux" || made.architecture !== "amd64") refuse(`it is for ${made.os}/${made.architecture}`);
  const [user = ""] = (settings.User ?? "").split(":");
  if (!/^[1-9]\d*$/.test(user))
    refuse(
      `it runs as ${user === "" ? "root" : `"${user}"`}: end the Dockerfile with USER 65532:65532, or another number that is not 0`,
    );
  const test = settings.Healthcheck?.Test ?? [];
  if (serve === null && test[0] !== "CMD")
    refuse(
      'it has no health check by exec: write HEALTHCHECK CMD ["…"], or say in slipway.yaml where it answers (serve: {port, health})',
    );
  if ((settings.Cmd ?? []).length === 0 && (settings.Entrypoint ?? []).length === 0)
    refuse('it has no command: end the Dockerfile with CMD ["…"]');
  const { [runLabel]: _run, [untilLabel]: _until, ...labels } = settings.Labels ?? {};
  const config = Object.fromEntries(kept.flatMap((key) => (made[key] === undefined ? [] : [[key, made[key]]])));
  return {
    ...(config as unknown as ImageConfig),
    // Ours have no layer; whatever mentions them otherwise has one.
    history: (made.history ?? []).filter(
      ({ created_by, empty_layer }) => !(empty_layer === true && created_by?.includes(runLabel)),
    ),
    config: {
      ...settings,
      ExposedPorts: { ...settings.ExposedPorts, [`${serve?.port ?? 8000}/tcp`]: {} },
      Labels: {
        ...labels,
        "org.opencontainers.image.title": request.madeAs ?? request.model,
        "org.opencontainers.image.version": request.version,
        "dev.slipway.content-digest": request.contentDigest,
      },
    },
  };
}
