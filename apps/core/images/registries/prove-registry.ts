import { recordAudit } from "#core/audit/record-audit.ts";
import { messageOf } from "#core/errors.ts";
import { forget, type Remember } from "#core/idempotency/keys.ts";
import type { Actor, Registry } from "#core/registry.ts";
import { trustedBy } from "#core/registry-config.ts";
import { checkRegistry } from "../registry-client/check-registry.ts";
import { RegistryError } from "../registry-client/registry-error.ts";
import type { OpenRegistry, Registries } from "./open-registries.ts";
import { notMounted, probeImage } from "./probe-image.ts";
import { modelPath } from "./registry-record.ts";

export const registrySteps = ["ping", "login", "push", "pull", "mount", "delete"] as const;
export const stepStatuses = ["works", "fails", "not_tried"] as const;

interface Step {
  step: (typeof registrySteps)[number];
  status: (typeof stepStatuses)[number];
  message: string | null;
  change: string | null;
}

export interface RegistryProof {
  registry: string;
  host: string;
  repository: string;
  /** All that images need: a registry that mounts or deletes nothing serves them as well. */
  works: boolean;
  steps: Step[];
  /** What could not be removed again. */
  left: string[];
}

const limitMs = 25_000;
const cleaningLimitMs = 5_000;
/** No model can be named so. */
const probeModel = "slipway__check";

/** Tries with an image of a few bytes what Slipway asks of a registry, and removes it again. A step that fails ends those
 *  that need it, and never throws. Killed in between it leaves that image in a repository that is no model's. Throws
 *  `registry_not_found`. */
export async function proveRegistry(
  { db, config, registries }: Pick<Registry, "db" | "config"> & { registries: Registries },
  name: string,
  actor: Actor,
  remember: Remember<RegistryProof> = forget,
): Promise<RegistryProof> {
  const registry = await registries.open(name);
  const proof = await tryAll(registry, { ca: config.ca });
  await db.$transaction(async (tx) => {
    await recordAudit(tx, actor, {
      action: "registry.check",
      object: name,
      objectId: name,
      model: null,
      after: {
        works: proof.works,
        failing: proof.steps.filter(({ status }) => status === "fails").map(({ step }) => step),
      },
    });
    await remember(tx, proof);
  });
  return proof;
}

async function tryAll(registry: OpenRegistry, { ca }: { ca: string | null }): Promise<RegistryProof> {
  const { record, client } = registry;
  const signal = AbortSignal.timeout(limitMs);
  const repository = modelPath(record, probeModel);
  const image = probeImage(registry, { repository, mountedInto: modelPath(record, `${probeModel}-mount`) });
  const steps: Step[] = [];
  const attempt = async (step: Step["step"], needs: Step["step"][], deed: () => Promise<void>): Promise<void> => {
    const missing = needs.find((need) => steps.some((one) => one.step === need && one.status !== "works"));
    if (missing !== undefined) {
      steps.push({ step, status: "not_tried", message: `${missing} does not work`, change: null });
      return;
    }
    try {
      await deed();
      steps.push({ step, status: "works", message: null, change: null });
    } catch (error) {
      const message = signal.aborted ? `not done within ${limitMs / 1_000} s` : messageOf(error);
      steps.push({ step, status: "fails", message, change: changeFor(step, error, registry, repository) });
    }
  };
  await attempt("ping", [], () => checkRegistry({ ...record, ca: trustedBy(record.ca, ca) }, { signal }));
  await attempt("login", ["ping"], () => image.logIn(signal));
  await attempt("push", ["ping", "login"], () => image.push(signal));
  await attempt("pull", ["push"], () => image.pull(signal));
  await attempt("mount", ["push"], () => image.mount(signal));
  await attempt("delete", ["push"], () => image.remove(signal));
  const left = await image.clean(AbortSignal.timeout(cleaningLimitMs));
  const needed = steps.filter(({ step }) => step !== "mount" && step !== "delete");
  return {
    registry: record.name,
    host: client.host,
    repository,
    works: needed.every(({ status }) => status === "works"),
    steps,
    left,
  };
}

/** What a person does about it. */
function changeFor(
  step: Step["step"],
  error: unknown,
  { record, client, repositories }: OpenRegistry,
  repository: string,
): string {
  const status = error instanceof RegistryError ? error.status : null;
  const code = error instanceof RegistryError ? error.code : null;
  if (step === "mount" && status === notMounted)
    return "nothing has to: such layers are sent to each repository; Amazon ECR has an account setting for blob mounting";
  if (step === "ping") return `check the host ${client.host}, and that the API and the workers reach it`;
  if (step === "login" || status === 401)
    return `set ${client.loginKept}, with the right to ${verbOf[step]} ${repository}`;
  if (step === "delete" && status !== 403)
    return "nothing has to: switch deletion on in the registry (distribution: storage.delete.enabled), or remove images by its own means";
  if (code === "NAME_UNKNOWN" && repositories === null)
    return record.auth === "ecr"
      ? `create the repository ${repository}, or set createRepositories`
      : `create the repository ${repository}`;
  if (status === 403) return `give this login the right to ${verbOf[step]} ${repository}`;
  return "look at the registry's own log: it failed at something that registries do";
}

const verbOf: Record<Step["step"], string> = {
  ping: "reach",
  login: "pull from and push to",
  push: "push to",
  pull: "pull from",
  mount: "pull from and push to",
  delete: "delete in",
};
