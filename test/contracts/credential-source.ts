import { describe, expect, it } from "vitest";
import type { CredentialSource } from "#core/images/registry-client/credential-source.ts";

export interface SourceUnderTest {
  source: CredentialSource;
  /** What a registry would take now; null for one that lets anybody in. */
  expected(): { username: string; password: string } | null;
  /** Makes the next login another one, where the kind has logins that change. */
  change?(): void;
  /** The next cannot be had. */
  break?(): void;
  secrets: string[];
}

/** What every source of a registry's login keeps to. */
export function describeCredentialSource(name: string, make: () => Promise<SourceUnderTest>): void {
  describe(`a login from ${name}`, () => {
    const { signal } = new AbortController();

    it("is the one that the registry takes, fetched once for all who ask at a time", async () => {
      const { source, expected } = await make();
      const logins = await Promise.all([1, 2, 3].map(() => source.login(signal)));
      const shown = logins.map((login) => login && { username: login.username, password: login.password });
      expect(shown).toEqual([expected(), expected(), expected()]);
    });

    it("is fetched anew once it was refused", async () => {
      const under = await make();
      await under.source.login(signal);
      under.change?.();
      under.source.refused();
      const login = await under.source.login(signal);
      const expected = under.expected();
      expect([login?.username, login?.password]).toEqual([expected?.username, expected?.password]);
    });

    it("is not given to who has left", async () => {
      const { source } = await make();
      if ((await make()).change === undefined) return; // it waits for nobody
      await expect(source.login(AbortSignal.abort(new Error("left")))).rejects.toThrow("left");
    });

    it("says in one line without a secret that it cannot be had", async () => {
      const under = await make();
      if (under.break === undefined) return; // one that was given cannot be missing
      under.break();
      const error = await under.source.login(signal).then(
        () => null,
        (reason: Error) => reason,
      );
      expect(error?.name).toBe("RegistryError");
      expect(error?.message.trim()).not.toBe("");
      for (const secret of under.secrets) expect(error?.message).not.toContain(secret);
      expect(under.source.kept).toMatch(/^\S.*\S$/);
    });
  });
}
