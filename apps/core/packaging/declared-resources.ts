import type { Resources } from "./package-spec.ts";
import type { Reading } from "./reading.ts";

export const noResources: Resources = { cpuMillis: null, memoryBytes: null, gpus: 0 };

/** `resources: {cpu: "2", memory: 4Gi, gpu: 0}`, in Kubernetes' own spelling of quantities:
 *  https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity */
export function readResources(value: unknown, read: Reading): Resources {
  const resources = { ...noResources };
  for (const [key, given] of Object.entries(read.mapping(["resources"], value, ["cpu", "memory", "gpu"]))) {
    const fault = (message: string) => read.fault(["resources", key], message);
    if (key === "cpu") resources.cpuMillis = cpuMillis(given) ?? orFault(fault, cpuRule);
    if (key === "memory") resources.memoryBytes = memoryBytes(given) ?? orFault(fault, memoryRule);
    if (key === "gpu") resources.gpus = wholeGpus(given) ?? orFault(fault, gpuRule) ?? 0;
  }
  return resources;
}

const cpuRule = 'expected cores from 0.01 to 1024: write them like "2", "0.5" or "500m"';
const memoryRule = "expected a size from 16 MiB to 64 TiB: write it like 512Mi or 4Gi";
const gpuRule = "expected a whole number from 0 to 64";

function orFault(fault: (message: string) => void, rule: string): null {
  fault(rule);
  return null;
}

function cpuMillis(value: unknown): number | null {
  const match = /^(\d{1,7}(?:\.\d{1,3})?)(m?)$/.exec(writtenAs(value));
  if (match === null) return null;
  const millis = Number(match[1]) * (match[2] === "m" ? 1 : 1000);
  const whole = Math.round(millis);
  return Math.abs(millis - whole) < 1e-6 && whole >= 10 && whole <= 1_024_000 ? whole : null;
}

const units: Record<string, number> = {
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 1024,
  Mi: 1024 ** 2,
  Gi: 1024 ** 3,
  Ti: 1024 ** 4,
};

function memoryBytes(value: unknown): number | null {
  const match = /^(\d{1,15}(?:\.\d{1,3})?)(k|M|G|T|Ki|Mi|Gi|Ti)?$/.exec(writtenAs(value));
  if (match === null) return null;
  const bytes = Math.ceil(Number(match[1]) * (units[match[2] ?? ""] ?? 1));
  return bytes >= 16 * 1024 ** 2 && bytes <= 64 * 1024 ** 4 ? bytes : null;
}

function wholeGpus(value: unknown): number | null {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 64 ? value : null;
}

/** `cpu: 2` is as good as `cpu: "2"`. */
function writtenAs(value: unknown): string {
  return typeof value === "number" || typeof value === "string" ? String(value) : "";
}
