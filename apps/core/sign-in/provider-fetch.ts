import http, { type IncomingMessage } from "node:http";
import https from "node:https";
import { rootCertificates } from "node:tls";
import type { CustomFetch, CustomFetchOptions } from "openid-client";
import { messageOf } from "#core/errors.ts";

/** The provider does not answer, or says itself that it cannot. */
export class ProviderAway extends Error {}

/** Of one answer: keys and documents have some tens of kilobytes, and groups of a person come to as much. */
const limitBytes = 256 * 1024;

/** Takes the place of `fetch`: a company's authorities (`ca`, PEM) are trusted beside the public ones, an answer has a
 *  largest size, and no redirect is followed. Where the provider may be is not limited: the settings name it. */
export function providerFetch(ca: string | null): CustomFetch {
  return async (url, options) => {
    try {
      const response = await send(new URL(url), ca, options);
      const bytes = await bytesOf(response);
      const { statusCode = 0 } = response;
      if (statusCode >= 500) throw new ProviderAway(`it answered ${statusCode}`);
      const headers = Object.entries(response.headersDistinct).flatMap(([name, values = []]) =>
        values.map((value): [string, string] => [name, value]),
      );
      return new Response(bytes, { status: statusCode, headers });
    } catch (error) {
      if (error instanceof AnswerTooLarge) throw error;
      throw new ProviderAway(`${new URL(url).host} did not answer: ${messageOf(error)}`);
    }
  };
}

class AnswerTooLarge extends Error {}

function send(
  url: URL,
  ca: string | null,
  { method, headers, body, signal }: CustomFetchOptions,
): Promise<IncomingMessage> {
  const text = body === undefined || body === null ? "" : String(body);
  const options = {
    agent: false as const,
    method,
    headers: { ...headers, ...(text === "" ? {} : { "content-length": String(Buffer.byteLength(text)) }) },
    ...(signal === undefined ? {} : { signal }),
  };
  return new Promise((resolve, reject) => {
    const request =
      url.protocol === "https:"
        ? https.request(url, { ...options, ...(ca === null ? {} : { ca: [...rootCertificates, ca] }) }, resolve)
        : http.request(url, options, resolve);
    request.on("error", reject).end(text);
  });
}

async function bytesOf(response: IncomingMessage): Promise<Buffer<ArrayBuffer>> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > limitBytes) throw new AnswerTooLarge(`its answer is larger than ${limitBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
