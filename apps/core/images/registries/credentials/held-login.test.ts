import { expect, it } from "vitest";
import { heldLogin } from "./held-login.ts";

const { signal } = new AbortController();

function held(lifeMs: number | null) {
  const state = { now: 1_000_000, fetched: 0, away: false };
  const source = heldLogin(
    "a login",
    async () => {
      if (state.away) throw new Error("the cloud is away");
      state.fetched += 1;
      const expiresAt = lifeMs === null ? null : new Date(state.now + lifeMs);
      return { username: "ci", password: `login-${state.fetched}`, expiresAt };
    },
    () => state.now,
  );
  return { state, password: async () => (await source.login(signal))?.password, source };
}

it("is kept while it holds, and renewed before it ends", async () => {
  const { state, password } = held(1_000_000);
  expect(await password()).toBe("login-1");
  state.now += 790_000;
  expect(await password()).toBe("login-1");
  state.now += 20_000;
  expect(await password()).toBe("login-2");
});

it("is given for as long as it holds while the next cannot be had, and no longer", async () => {
  const { state, password } = held(1_000_000);
  await password();
  state.away = true;
  state.now += 900_000;
  expect(await password()).toBe("login-1");
  state.now += 200_000;
  await expect(password()).rejects.toThrow("the cloud is away");
  state.away = false;
  expect(await password()).toBe("login-2");
});

it("is looked for again after a minute where it does not say when it ends", async () => {
  const { state, password } = held(null);
  await password();
  state.now += 40_000;
  expect(await password()).toBe("login-1");
  state.now += 30_000;
  expect(await password()).toBe("login-2");
});

it("is fetched anew once it was refused", async () => {
  const { password, source } = held(1_000_000);
  await password();
  source.refused();
  expect(await password()).toBe("login-2");
});
