export interface HttpError extends Error {
  statusCode: number;
  /** Of the answer. */
  headers: Record<string, string>;
}

/** A refusal that belongs to HTTP alone and has no code of core's: problem.ts names it after its status. */
export function httpError(statusCode: number, message: string, headers: Record<string, string> = {}): HttpError {
  return Object.assign(new Error(message), { statusCode, headers });
}

export function isHttpError(error: Error): error is HttpError {
  return "statusCode" in error && "headers" in error;
}
