import type { RegistryConfig } from "#core/config.ts";
import { originOf } from "./client.ts";
import { RegistryError } from "./registry-error.ts";
import { defaultLimits, openTransport } from "./transport.ts";

/** Does a registry answer at all? Whether it lets us in shows with the first push (distribution-spec, end-1). */
export async function checkRegistry(
  { host, endpoint, ca, plainHttp }: Pick<RegistryConfig, "host" | "endpoint" | "ca" | "plainHttp">,
  { signal }: { signal: AbortSignal },
): Promise<void> {
  const transport = openTransport(defaultLimits, ca);
  try {
    const url = new URL("/v2/", originOf(host, plainHttp, endpoint));
    const { status, body } = await transport.send({ method: "GET", url, signal });
    await body.dump();
    if (status !== 200 && status !== 401) throw new RegistryError(`registry ${host} answers /v2/ with ${status}`);
  } finally {
    await transport.close();
  }
}
