import { request } from "undici";
import { isLoopback, type RegistryConfig } from "#core/config.ts";
import { RegistryError } from "./registry-error.ts";

/** Does a registry answer at all? Whether it lets us in shows with the first push (distribution-spec, end-1). */
export async function checkRegistry({ host }: RegistryConfig, { signal }: { signal: AbortSignal }): Promise<void> {
  const url = new URL(`https://${host}/v2/`);
  if (isLoopback(url.hostname)) url.protocol = "http:";
  const { statusCode, body } = await request(url, { signal });
  await body.dump();
  if (statusCode !== 200 && statusCode !== 401)
    throw new RegistryError(`registry ${host} answers /v2/ with ${statusCode}`);
}
