import { SlipwayError } from "#core/errors.ts";
import { type ComposeOptions, hardenedService, imageService, secretFiles } from "./compose.ts";
import type { Deployable } from "./deployable.ts";
import {
  hardenedContainer,
  modelUser,
  objectAnnotations,
  objectLabels,
  podSettings,
  type SecretNames,
} from "./model-container.ts";
import { objectNameOf } from "./object-name.ts";
import { writeYaml } from "./write-yaml.ts";

/** Files below the data's folder, of one format: what is read as lines of JSON is written as such, Parquet as Parquet. */
export interface BatchFiles {
  input: string;
  output: string;
}

/** Names as whoever asks gives them, if any. Throws `invalid_request` where they are one file, or of two formats. */
export function batchFiles({
  input = "input.jsonl",
  output,
}: { [Name in keyof BatchFiles]: BatchFiles[Name] | undefined }): BatchFiles {
  const format = /[^.]*$/.exec(input)?.[0] ?? "";
  const files = { input, output: output ?? `predictions.${format}` };
  if (files.input === files.output)
    throw new SlipwayError("invalid_request", `input and output are both ${input}: write the predictions elsewhere`);
  if (!files.output.endsWith(`.${format}`))
    throw new SlipwayError("invalid_request", `predictions for ${input} are ${format}: end output in .${format}`);
  return files;
}

const dataFolder = "/data";

/** Throws `batch_unavailable`. */
function commandOf({ model, version, server }: Deployable, { input, output }: BatchFiles): string[] {
  if (!server.hasRuntime)
    throw new SlipwayError(
      "batch_unavailable",
      `the image of ${model}:${version} has a server of its own: it has no slipway-runtime to run a batch`,
    );
  return ["slipway-runtime", "batch", "--input", `${dataFolder}/${input}`, "--output", `${dataFolder}/${output}`];
}

/** One run over a file in `./data`, which user 65532 may write to. */
export function batchCompose(deployable: Deployable, options: BatchFiles & ComposeOptions): string {
  return writeYaml(deployable, "docker compose -f FILE up", [
    {
      services: {
        batch: {
          ...imageService(deployable),
          ...hardenedService(deployable, options),
          command: commandOf(deployable, options),
          volumes: [`./data:${dataFolder}`],
          network_mode: "none",
          healthcheck: { disable: true },
          restart: "no",
        },
      },
      ...secretFiles(options.secrets),
    },
  ]);
}

export interface CronJobOptions extends BatchFiles, SecretNames {
  name: string | null;
  namespace: string | null;
  schedule: string;
  timeZone: string;
  /** The PersistentVolumeClaim with the data. */
  claim: string | null;
}

/** A name of 52 characters leaves Kubernetes room for what it appends. */
export const longestCronJobName = 52;

/** The same at its time, again and again, never twice at once. */
export function batchKubernetes(deployable: Deployable, options: CronJobOptions): string {
  const name = options.name ?? `${objectNameOf(deployable.model, longestCronJobName - 6)}-batch`;
  const selector = { "app.kubernetes.io/name": name, "app.kubernetes.io/component": "batch" };
  const labels = objectLabels(deployable, selector);
  const annotations = objectAnnotations(deployable);
  const settings = podSettings(deployable, options);
  const container = hardenedContainer(deployable, "batch", options);
  const claim = { name: "data", persistentVolumeClaim: { claimName: options.claim ?? `${name}-data` } };
  return writeYaml(deployable, "kubectl apply -f FILE", [
    {
      apiVersion: "batch/v1",
      kind: "CronJob",
      metadata: {
        name,
        ...(options.namespace === null ? {} : { namespace: options.namespace }),
        labels,
        annotations,
      },
      spec: {
        schedule: options.schedule,
        timeZone: options.timeZone,
        concurrencyPolicy: "Forbid",
        startingDeadlineSeconds: 3600,
        jobTemplate: {
          spec: {
            backoffLimit: 2,
            ttlSecondsAfterFinished: 7 * 24 * 3600,
            template: {
              metadata: { labels, annotations },
              spec: {
                ...settings,
                restartPolicy: "Never",
                // What it writes belongs to its group, whatever the volume's folder did before.
                securityContext: { fsGroup: modelUser, fsGroupChangePolicy: "OnRootMismatch" },
                volumes: [...settings.volumes, claim],
                containers: [
                  {
                    ...container,
                    command: commandOf(deployable, options),
                    volumeMounts: [...container.volumeMounts, { name: "data", mountPath: dataFolder }],
                  },
                ],
              },
            },
          },
        },
      },
    },
  ]);
}
