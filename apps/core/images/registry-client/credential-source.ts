export interface Credentials {
  username: string;
  password: string;
}

/** Where the login of one registry comes from. Each kind has an adapter in registries/credentials/, and all of them pass
 *  one contract suite. */
export interface CredentialSource {
  /** What a person looks after when the registry refuses the login: reads on after "check" and "set". */
  readonly kept: string;
  /** A login that holds for a while yet, or null for none. Asked before every request that shows one, and so answered
   *  from memory while that can be. Throws `RegistryError` with what to change, and never with a secret. */
  login(signal: AbortSignal): Promise<Credentials | null>;
  /** The registry refused the last one: the next is fetched anew. */
  refused(): void;
}

/** A login that does not change, or none. */
export function fixedLogin(credentials: Credentials | null, kept: string): CredentialSource {
  return { kept, login: async () => credentials, refused: () => {} };
}

export const anonymous = fixedLogin(null, "a login for this registry");
