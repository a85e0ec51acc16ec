import http, { type IncomingMessage } from "node:http";
import https from "node:https";
import { rootCertificates } from "node:tls";
import type { Network } from "#core/access/networks.ts";
import { guardedLookup, requireCallable, type TargetLimits } from "#core/guarded-target.ts";

/** Of one document; those of large issuers have some tens of kilobytes. */
const limitBytes = 256 * 1024;

export interface Reach {
  /** Beside the public addresses of the internet, where issuers are. */
  networks: readonly Network[];
  /** Certificates (PEM) that are trusted beside the public ones. */
  ca: string | null;
}

/** A JSON object, over a connection of its own, from an address that may be called (guarded-target.ts). Redirects are not
 *  followed: they would lead past that. Throws for whatever else comes. */
export async function fetchDocument(
  url: URL,
  { networks, ca }: Reach,
  signal: AbortSignal,
): Promise<Record<string, unknown>> {
  const otherwise = "SLIPWAY_ISSUER_NETWORKS can let issuers be there";
  const target: TargetLimits = { https: url.protocol === "https:", networks, otherwise };
  requireCallable(url, target);
  const response = await get(url, target, ca, signal);
  try {
    if (response.statusCode !== 200) throw new Error(`${url.href} answered ${response.statusCode}`);
    const value: unknown = JSON.parse((await textOf(response, url)).toString());
    if (typeof value !== "object" || value === null || Array.isArray(value))
      throw new Error(`${url.href} is no JSON object`);
    return value as Record<string, unknown>;
  } finally {
    response.destroy();
  }
}

function get(url: URL, target: TargetLimits, ca: string | null, signal: AbortSignal): Promise<IncomingMessage> {
  const options = {
    agent: false as const,
    lookup: guardedLookup(target),
    headers: { accept: "application/json", "user-agent": "Slipway" },
    signal,
  };
  return new Promise((resolve, reject) => {
    const request = target.https
      ? https.get(url, { ...options, ...(ca === null ? {} : { ca: [...rootCertificates, ca] }) }, resolve)
      : http.get(url, options, resolve);
    request.on("error", reject);
  });
}

async function textOf(response: IncomingMessage, url: URL): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > limitBytes) throw new Error(`${url.href} is larger than ${limitBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
