import type { PackageSpec } from "./package-spec.ts";

/** What every image that Slipway describes is run as, whoever makes it. */
export const serving = {
  user: "65532:65532",
  port: 8000,
  modelFolder: "/opt/model",
  command: ["slipway-runtime", "serve"],
  health: {
    test: ["slipway-runtime", "health"],
    intervalSeconds: 10,
    timeoutSeconds: 5,
    startPeriodSeconds: 60,
    retries: 3,
  },
} as const;

const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The base's variables, then ours, then the package's. */
export function servingEnvironment(
  base: Readonly<Record<string, string>>,
  { environment }: Pick<PackageSpec, "environment">,
): Record<string, string> {
  return {
    ...base,
    PATH: `/opt/slipway/bin:${base["PATH"] ?? defaultPath}`,
    PYTHONPATH: "/opt/slipway/runtime:/opt/slipway/dependencies",
    PYTHONDONTWRITEBYTECODE: "1",
    PYTHONUNBUFFERED: "1",
    // A file of the package must not shadow a module of the standard library.
    PYTHONSAFEPATH: "1",
    // onnxruntime's wheels send telemetry from 1.29 on.
    ORT_DISABLE_TELEMETRY: "1",
    MODEL_PATH: serving.modelFolder,
    PORT: String(serving.port),
    ...Object.fromEntries(Object.entries(environment).sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}
