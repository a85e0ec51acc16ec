/** What the demo asks of Slipway, as any program could: plain HTTP. Each call is shown as it is made. */
export interface SlipwayClient {
  send(method: string, path: string, body?: unknown): Promise<unknown>;
  upload(path: string, bytes: Buffer): Promise<unknown>;
  /** Null where there is no such thing. */
  find(path: string): Promise<unknown>;
  /** Line by line while it grows. */
  follow(path: string, onLine: (line: string) => void): Promise<void>;
}

type Init = Omit<RequestInit, "headers"> & { headers?: Record<string, string> };

interface Problem {
  detail?: string;
  title?: string;
  errors?: { where: string; message: string }[];
}

export function slipwayClient(url: string, show: (line: string) => void, token?: string): SlipwayClient {
  const authorization: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const call = async (method: string, path: string, init: Init, shown: string): Promise<Response> => {
    const headers = { ...authorization, ...init.headers };
    const response = await fetch(`${url}${path}`, { method, signal: AbortSignal.timeout(60_000), ...init, headers });
    show(`${method} ${path}${shown} → ${response.status}`);
    return response;
  };
  return {
    async send(method, path, body) {
      if (body === undefined) return answer(await call(method, path, {}, ""));
      const text = JSON.stringify(body);
      const init = { body: text, headers: { "content-type": "application/json" } };
      return answer(await call(method, path, init, ` ${text}`));
    },
    async upload(path, bytes) {
      const init = { body: new Uint8Array(bytes), headers: { "content-type": "application/octet-stream" } };
      return answer(await call("PUT", path, init, ` (${bytes.length} bytes)`));
    },
    async find(path) {
      const response = await fetch(`${url}${path}`, { headers: authorization, signal: AbortSignal.timeout(60_000) });
      if (response.status !== 404) return answer(response);
      await response.body?.cancel();
      return null;
    },
    async follow(path, onLine) {
      const response = await call("GET", path, { signal: AbortSignal.timeout(30 * 60_000) }, "");
      if (!response.ok || response.body === null) return void (await answer(response));
      let rest = "";
      for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
        const lines = `${rest}${text}`.split("\n");
        rest = lines.pop() ?? "";
        lines.forEach(onLine);
      }
    },
  };
}

async function answer(response: Response): Promise<unknown> {
  const text = await response.text();
  if (response.ok) return text === "" ? null : JSON.parse(text);
  const problem = JSON.parse(text) as Problem;
  const faults = (problem.errors ?? []).map(({ where, message }) => `\n    ${where}: ${message}`);
  throw new Error(`Slipway answered ${response.status}: ${problem.detail ?? problem.title}${faults.join("")}`);
}
