/** A refusal that belongs to HTTP alone and has no code of core's: problem.ts names it after its status. */
export function httpError(statusCode: number, message: string): Error & { statusCode: number } {
  return Object.assign(new Error(message), { statusCode });
}
