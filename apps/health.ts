/* node dist/health.js (after npm run build): asks the API and the worker of this container whether they are alive, for a
   health check by exec. Code 0: who listens at SLIPWAY_PORT or SLIPWAY_WORKER_PORT says so; code 1: one says that it is
   not, or says nothing, or nobody listens. */
import { readHealthAddresses } from "#core/config.ts";
import { messageOf } from "#core/errors.ts";

const limitMs = 2_000;

type Health = { is: "alive" } | { is: "away" | "ill"; why: string };

async function ask(address: URL): Promise<Health> {
  try {
    const { status } = await fetch(address, { signal: AbortSignal.timeout(limitMs) });
    return status === 200 ? { is: "alive" } : { is: "ill", why: `${address} answers ${status}` };
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    const refused = cause instanceof Error && "code" in cause && cause.code === "ECONNREFUSED";
    return refused
      ? { is: "away", why: `nobody listens at ${address}` }
      : { is: "ill", why: `${address} does not answer: ${messageOf(cause ?? error)}` };
  }
}

const found = await Promise.all(readHealthAddresses(process.env).map(ask));
const ill = found.find((health) => health.is === "ill");
const fault = found.some((health) => health.is === "alive") ? ill : (ill ?? found[0]);
if (fault !== undefined && fault.is !== "alive") console.error(fault.why);
process.exit(fault === undefined ? 0 : 1);
