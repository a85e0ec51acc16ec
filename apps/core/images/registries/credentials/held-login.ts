import { orAborted } from "#core/or-aborted.ts";
import type { CredentialSource, Credentials } from "../../registry-client/credential-source.ts";

export interface FetchedLogin extends Credentials {
  /** When the registry takes it no more; null for what does not end. */
  expiresAt: Date | null;
}

const limitMs = 20_000;
/** Of its life; what is pushed with it may take a while. */
const renewedAt = 0.8;
/** What does not say when it ends (docker's own file, a helper) is read again after this long. */
const undatedMs = 60_000;

/** Keeps what `fetch` gives until four fifths of its life are over, and fetches once for all who ask meanwhile. Where the
 *  next cannot be had, the one that still holds is given. */
export function heldLogin(
  kept: string,
  fetch: (signal: AbortSignal) => Promise<FetchedLogin | null>,
  now: () => number = Date.now,
): CredentialSource {
  let held: { login: FetchedLogin | null; renewAt: number } | null = null;
  let fetching: Promise<FetchedLogin | null> | null = null;

  const renew = async (): Promise<FetchedLogin | null> => {
    const before = held;
    try {
      const login = await fetch(AbortSignal.timeout(limitMs));
      const lifeMs = login?.expiresAt == null ? undatedMs : login.expiresAt.getTime() - now();
      held = { login, renewAt: now() + lifeMs * renewedAt };
      return login;
    } catch (error) {
      const holds = before?.login?.expiresAt != null && before.login.expiresAt.getTime() > now();
      if (before === null || !holds) throw error;
      held = { ...before, renewAt: now() + 10_000 };
      return before.login;
    } finally {
      fetching = null;
    }
  };

  return {
    kept,
    async login(signal) {
      signal.throwIfAborted();
      if (held !== null && held.renewAt > now()) return held.login;
      fetching ??= renew();
      fetching.catch(() => {}); // who waited may have left
      return orAborted(fetching, signal);
    },
    refused() {
      held = null;
    },
  };
}
