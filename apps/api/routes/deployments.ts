import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import type { FastifyReply, FastifyRequest } from "fastify";
import { Type } from "typebox";
import { digestOf } from "#core/artifacts/digest.ts";
import { SlipwayError } from "#core/errors.ts";
import { batchCompose, batchFiles, batchKubernetes, longestCronJobName } from "#core/packaging/deployment/batch.ts";
import { composeYaml } from "#core/packaging/deployment/compose.ts";
import { type Deployable, readDeployable } from "#core/packaging/deployment/deployable.ts";
import { kubernetesYaml } from "#core/packaging/deployment/kubernetes.ts";
import { isTimeZone, scheduleFault } from "#core/packaging/deployment/schedule.ts";
import { sidecarCompose, sidecarKubernetes } from "#core/packaging/deployment/sidecar.ts";
import {
  AppImage,
  DataPath,
  mounted,
  Namespace,
  objectName,
  pulledWith,
  Replicas,
  Schedule,
  SecretName,
  TimeZone,
} from "../deployment-schemas.ts";
import { describeDownload, isKnown, nothing } from "../downloads.ts";
import { headers, NotModified, problems, versionParams } from "../schemas.ts";

const tags = ["deployment"];

const described = {
  tags,
  params: versionParams,
  headers: headers({ "If-None-Match": "ETags that the caller has" }),
  response: {
    200: { description: "The file", content: { "application/yaml": { schema: Type.String() } } },
    304: NotModified,
    ...problems(404, 409),
  },
};

/** Files that run a version's image, by digest; made anew each time of what is on record. */
export const deploymentRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { registry } = app;
  const path = "/models/:model/versions/:version/deployment";

  app.get(
    `${path}/compose`,
    {
      schema: {
        operationId: "getComposeFile",
        description: "A Compose file that serves the version over REST, with limits and a health check.",
        querystring: Type.Object({
          port: Type.Integer({ minimum: 1, maximum: 65_535, default: 8000, description: "Of the machine" }),
          secret: mounted,
        }),
        ...described,
      },
    },
    async (request, reply) => {
      const { port, secret = [] } = request.query;
      const deployable = await readDeployable(registry, request.params);
      return sendFile(request, reply, deployable, "compose", composeYaml(deployable, { port, secrets: secret }));
    },
  );

  app.get(
    `${path}/kubernetes`,
    {
      schema: {
        operationId: "getKubernetesManifests",
        description:
          "Deployment, Service, HorizontalPodAutoscaler, PodDisruptionBudget and, where the Slipway runtime serves, ServiceMonitor (Kubernetes 1.30 or newer).",
        querystring: Type.Object({
          name: objectName(63),
          namespace: Namespace,
          replicas: Type.Optional({ ...Replicas, description: "The fewest; else 2" }),
          maxReplicas: Type.Optional({ ...Replicas, description: "The most; else four times the fewest" }),
          monitor: Type.Optional(
            Type.Boolean({
              description: "Whether there is a ServiceMonitor; else where the Slipway runtime serves, at /metrics",
            }),
          ),
          secret: mounted,
          pullSecret: pulledWith,
        }),
        ...described,
      },
    },
    async (request, reply) => {
      const { name, namespace, replicas = 2, maxReplicas, monitor } = request.query;
      if (maxReplicas !== undefined && maxReplicas < replicas)
        throw new SlipwayError("invalid_request", `maxReplicas is ${maxReplicas}, below the ${replicas} of replicas`);
      const deployable = await readDeployable(registry, request.params);
      const text = kubernetesYaml(deployable, {
        name: name ?? null,
        namespace: namespace ?? null,
        replicas,
        maxReplicas: maxReplicas ?? replicas * 4,
        monitor: monitor ?? null,
        ...secretNames(request.query),
      });
      return sendFile(request, reply, deployable, "kubernetes", text);
    },
  );

  app.get(
    `${path}/sidecar`,
    {
      schema: {
        operationId: "getSidecar",
        description:
          "An application with the model beside it, which it finds at MODEL_URL (with as=kubernetes: 1.30 or newer).",
        querystring: Type.Object({
          as: Type.Enum(["compose", "kubernetes"], { default: "compose" }),
          app: AppImage,
          secret: mounted,
          name: objectName(63),
          namespace: Namespace,
          replicas: Type.Optional({ ...Replicas, description: "With as=kubernetes; else 1" }),
          pullSecret: pulledWith,
        }),
        ...described,
      },
    },
    async (request, reply) => {
      const { as, app: image = null, secret = [], name, namespace, replicas } = request.query;
      if (as === "compose") refuseFor(as, request.query, ["name", "namespace", "replicas", "pullSecret"]);
      const deployable = await readDeployable(registry, request.params);
      const text =
        as === "compose"
          ? sidecarCompose(deployable, { app: image, secrets: secret })
          : sidecarKubernetes(deployable, {
              app: image,
              name: name ?? null,
              namespace: namespace ?? null,
              replicas: replicas ?? 1,
              ...secretNames(request.query),
            });
      return sendFile(request, reply, deployable, `sidecar-${as}`, text);
    },
  );

  app.get(
    `${path}/batch`,
    {
      schema: {
        operationId: "getBatch",
        description:
          "A run over a file: as a CronJob over a PersistentVolumeClaim, or with Compose once over the folder ./data.",
        querystring: Type.Object({
          as: Type.Enum(["kubernetes", "compose"], { default: "kubernetes" }),
          input: DataPath,
          output: DataPath,
          secret: mounted,
          name: objectName(longestCronJobName),
          namespace: Namespace,
          schedule: Schedule,
          timeZone: TimeZone,
          claim: Type.Optional({ ...SecretName, description: "The PersistentVolumeClaim; else {name}-data" }),
          pullSecret: pulledWith,
        }),
        ...described,
      },
    },
    async (request, reply) => {
      const { as, input, output, secret = [], schedule = "0 3 * * *", timeZone = "Etc/UTC", ...rest } = request.query;
      if (as === "compose")
        refuseFor(as, request.query, ["name", "namespace", "schedule", "timeZone", "claim", "pullSecret"]);
      const files = batchFiles({ input, output });
      refuseTimes(schedule, timeZone);
      const deployable = await readDeployable(registry, request.params);
      const text =
        as === "compose"
          ? batchCompose(deployable, { ...files, secrets: secret })
          : batchKubernetes(deployable, {
              ...files,
              name: rest.name ?? null,
              namespace: rest.namespace ?? null,
              schedule,
              timeZone,
              claim: rest.claim ?? null,
              ...secretNames(request.query),
            });
      return sendFile(request, reply, deployable, `batch-${as}`, text);
    },
  );
};

function secretNames({ secret = [], pullSecret = [] }: { secret?: string[]; pullSecret?: string[] }) {
  return { secrets: secret, pullSecrets: pullSecret };
}

/** A parameter that would be passed over is a mistake. */
function refuseFor(as: string, query: Record<string, unknown>, names: readonly string[]): void {
  const given = names.find((name) => query[name] !== undefined);
  if (given !== undefined)
    throw new SlipwayError("invalid_request", `${given} has no meaning with as=${as}: leave it out`);
}

/** Kubernetes would refuse the whole file. */
function refuseTimes(schedule: string, timeZone: string): void {
  const fault = scheduleFault(schedule);
  if (fault !== null) throw new SlipwayError("invalid_request", `schedule: ${fault}`);
  if (!isTimeZone(timeZone))
    throw new SlipwayError("invalid_request", `timeZone: there is no "${timeZone}": write one like Europe/Oslo`);
}

function sendFile(
  request: FastifyRequest,
  reply: FastifyReply,
  { model, version }: Deployable,
  name: string,
  text: string,
) {
  const etag = `"${digestOf(Buffer.from(text))}"`;
  describeDownload(reply, { name: `${model}-${version}-${name}.yaml`, type: "application/yaml", etag });
  if (isKnown(request, etag)) return reply.status(304).send(nothing());
  return reply.send(text);
}
