import { Failure } from "../failure.ts";
import { reported } from "../pipeline/report.ts";
import { sourceOfRun } from "../pipeline/source-of-run.ts";
import { begin, readVersion } from "../push/begin.ts";
import { type FinishOptions, finish } from "../push/finish.ts";
import { isStep } from "../push/numbers.ts";
import { isOpen, type Release, type Version } from "../push/release.ts";
import { labelsOf, metadataOf } from "../push/told.ts";
import { documentOf } from "../service/connect.ts";
import type { Work } from "../work.ts";

export interface RegisterOptions extends FinishOptions {
  version: string;
  description?: string;
  label?: string[];
  metadata?: string;
  port?: string;
  health?: string;
  repository?: string;
  commit?: string;
  run?: string;
}

/** An image that was built and pushed elsewhere becomes a version, when the service has verified it. Run again it goes on. */
export function register(work: Work, model: string, image: string, options: RegisterOptions): Promise<void> {
  return reported(options, `The registration of ${model} failed`, () => registerImage(work, model, image, options));
}

async function registerImage(work: Work, model: string, image: string, options: RegisterOptions): Promise<void> {
  isStep(options.version);
  const [, digest] = /^\S+\/\S+@(sha256:[0-9a-f]{64})$/.exec(image) ?? [];
  if (digest === undefined)
    throw new Failure("usage", `"${image}" is no image by its digest: write registry.example/ci/churn@sha256:…`);
  const source = sourceOfRun(process.env, options);
  const serve = serveOf(options);
  const labels = labelsOf(options.label);
  const metadata = await metadataOf(options.metadata);
  const description = options.description ?? "";
  const service = await work.service();
  const release: Release = { model, version: options.version, files: [], image, description, labels, metadata };
  const version = await begin(service, release);
  if (!isDone(version, digest))
    documentOf(
      await service.api.POST("/v1/models/{model}/versions/{version}/builds", {
        params: { path: { model, version: version.version } },
        body: { image, source, ...(serve === null ? {} : { serve }) },
      }),
    );
  await finish(work, service, await readVersion(service, model, version.version), options);
}

/** Or on its way. */
function isDone(version: Version, digest: string): boolean {
  return !isOpen(version) && version.status !== "failed" && version.contentDigest === digest;
}

function serveOf({ port, health }: RegisterOptions): { port: number; health: string } | null {
  if (port === undefined && health === undefined) return null;
  if (port === undefined || health === undefined || !/^\d{1,5}$/.test(port))
    throw new Failure("usage", "--port and --health come together, such as --port 9000 --health /healthz");
  return { port: Number(port), health };
}
