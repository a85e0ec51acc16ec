import autocannon, { type Options } from "autocannon";

export interface Load {
  perSecond: number;
  p99Ms: number;
}

/** Sends requests as fast as they are answered. Throws where one of them fails. */
export async function load(options: Options): Promise<Load> {
  const result = await autocannon(options);
  const failed = result.non2xx + result.errors + result.timeouts;
  if (failed > 0) throw new Error(`${failed} of ${result.requests.total} requests to ${options.url} failed`);
  return { perSecond: result.requests.total / result.duration, p99Ms: result.latency.p99 };
}
