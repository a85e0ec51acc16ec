import autocannon, { type Instance, type Options, type Result } from "autocannon";
import { percentile } from "./percentile.ts";

export interface Load {
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
}

/** Sends requests as fast as they are answered. Throws where one of them fails. */
export async function load(options: Options): Promise<Load> {
  const tookMs: number[] = [];
  const result = await run(options, (instance) =>
    instance.on("response", (_client, _status, _bytes, ms) => tookMs.push(ms)),
  );
  const failed = result.non2xx + result.errors + result.timeouts;
  if (failed > 0) throw new Error(`${failed} of ${result.requests.total} requests to ${options.url} failed`);
  return {
    perSecond: result.requests.total / result.duration,
    p50Ms: percentile(tookMs, 50),
    p99Ms: percentile(tookMs, 99),
  };
}

/** Its own percentiles are whole milliseconds. */
function run(options: Options, watch: (instance: Instance) => void): Promise<Result> {
  return new Promise((resolve, reject) => {
    watch(autocannon(options, (error, result) => (error ? reject(error) : resolve(result))));
  });
}
