/** What a command ends with (docs/cli.md, "Exit codes"). */
export const exitCodes = {
  failed: 1,
  usage: 2,
  notFound: 3,
  refused: 4,
  conflict: 5,
  unavailable: 6,
  interrupted: 130,
} as const;

export type Ending = keyof typeof exitCodes;

interface About {
  /** The last part of the problem's `type` (RFC 9457), or a name of ours. */
  code?: string;
  status?: number;
  /** Every single fault. */
  faults?: readonly { where?: string; message: string }[];
  retryAfterSeconds?: number;
  requestId?: string;
  cause?: unknown;
}

/** Its message is one sentence that says what to do next. */
export class Failure extends Error {
  readonly ending: Ending;
  readonly about: About;

  constructor(ending: Ending, message: string, about: About = {}) {
    super(message, { cause: about.cause });
    this.ending = ending;
    this.about = about;
  }
}

export function endingOf(status: number): Ending {
  if (status === 401 || status === 403) return "refused";
  if (status === 404 || status === 410) return "notFound";
  if (status === 409 || status === 412) return "conflict";
  if (status === 429 || status === 423 || (status >= 502 && status <= 504)) return "unavailable";
  return "failed";
}
