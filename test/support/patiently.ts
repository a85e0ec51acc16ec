import type { Answer } from "./test-service.ts";

/** Asks again where a busy database has sent it away, as clients do: of many at once some are. */
export async function patiently(ask: () => Promise<Answer>): Promise<Answer> {
  const answer = await ask();
  return answer.status === 503 ? patiently(ask) : answer;
}
