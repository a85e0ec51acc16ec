import { noResources } from "../declared-resources.ts";
import type { PackageSpec } from "../package-spec.ts";

/** What a container may take: what the package declares, else what serves most models (decision 0028). */
export interface Limits {
  cpuMillis: number;
  memoryBytes: number;
  gpus: number;
}

const mebibyte = 1024 ** 2;
const gibibyte = 1024 ** 3;
const step = 256 * mebibyte;

/** Python, the server and a framework take some hundred MiB; weights are held in memory once, and once more while they
 *  are loaded. */
export function limitsOf({ resources = noResources }: Pick<PackageSpec, "resources">, packageBytes: number): Limits {
  return {
    cpuMillis: resources.cpuMillis ?? 1000,
    memoryBytes: resources.memoryBytes ?? Math.ceil((gibibyte + 2 * packageBytes) / step) * step,
    gpus: resources.gpus,
  };
}

/** `500m`, `2` */
export function kubernetesCpu({ cpuMillis }: Limits): string {
  return cpuMillis % 1000 === 0 ? String(cpuMillis / 1000) : `${cpuMillis}m`;
}

/** `4Gi`, `768Mi`, or bytes */
export function kubernetesMemory({ memoryBytes }: Limits): string {
  if (memoryBytes % gibibyte === 0) return `${memoryBytes / gibibyte}Gi`;
  return memoryBytes % mebibyte === 0 ? `${memoryBytes / mebibyte}Mi` : String(memoryBytes);
}

/** `0.5` */
export function composeCpus({ cpuMillis }: Limits): string {
  return String(cpuMillis / 1000);
}

/** Compose counts in powers of two, and `b` is bytes. */
export function composeMemory({ memoryBytes }: Limits): string {
  if (memoryBytes % gibibyte === 0) return `${memoryBytes / gibibyte}g`;
  return memoryBytes % mebibyte === 0 ? `${memoryBytes / mebibyte}m` : `${memoryBytes}b`;
}
