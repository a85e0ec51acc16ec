/** What a registry answered, or that it did not, in one sentence. A part's fault: never a request's body, never a
 *  credential. */
export class RegistryError extends Error {
  /** HTTP status, or null where no answer came. */
  readonly status: number | null;
  /** The registry's own code, e.g. `DENIED` (distribution-spec, error codes). */
  readonly code: string | null;
  /** How long the registry asks to be left alone; null where it does not. */
  readonly retryAfterMs: number | null;

  constructor(
    message: string,
    options: { status?: number | null; code?: string | null; retryAfterMs?: number | null; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "RegistryError";
    this.status = options.status ?? null;
    this.code = options.code ?? null;
    this.retryAfterMs = options.retryAfterMs ?? null;
  }
}

/** Worth another try: no answer, too many requests, or the registry's own failure. */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof RegistryError) || error instanceof UnusableAnswer) return false;
  return error.status === null || error.status === 429 || error.status >= 500;
}

/** No answer came, or the registry says that it fails itself: others that ask it have no better luck. */
export function isAway(error: unknown): boolean {
  if (!isPassing(error)) return false;
  const { status, cause } = error as RegistryError;
  return status === null ? cause !== undefined : status >= 500;
}

/** What the registry gave cannot be used (it is too large, no JSON, no image): asking again would give the same. */
export class UnusableAnswer extends RegistryError {
  constructor(message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = "UnusableAnswer";
  }
}
