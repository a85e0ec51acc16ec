/** What a registry answered, or that it did not, in one sentence. A part's fault: never a request's body, never a
 *  credential. */
export class RegistryError extends Error {
  /** HTTP status, or null where no answer came. */
  readonly status: number | null;
  /** The registry's own code, e.g. `DENIED` (distribution-spec, error codes). */
  readonly code: string | null;

  constructor(message: string, options: { status?: number | null; code?: string | null; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "RegistryError";
    this.status = options.status ?? null;
    this.code = options.code ?? null;
  }
}

/** Worth another try: no answer, too many requests, or the registry's own failure. */
export function isPassing(error: unknown): boolean {
  return error instanceof RegistryError && (error.status === null || error.status === 429 || error.status >= 500);
}
