import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { Failure } from "../failure.ts";
import type { Work } from "../work.ts";
import { connect, documentOf } from "./connect.ts";

/** The token of a person who signs in with a browser, here or elsewhere, and lets this terminal in; null where people do not
 *  sign in at the service. Throws `Failure` where it is refused, or not done in time. */
export async function signIn({ screen, signal }: Work, url: string): Promise<string | null> {
  const { api } = connect({ url, token: null }, signal);
  const begun = await api
    .POST("/v1/sign-in/device", { body: { name: terminalName(hostname()) } })
    .catch(nullWhereUnset);
  if (begun === null) return null;
  const { deviceCode, userCode, verificationUriComplete } = documentOf(begun);
  screen.note(`Open ${verificationUriComplete}`);
  screen.note(`in a browser, sign in, and let in the terminal that shows ${screen.colours.bold(userCode)}`);
  for (;;) {
    const asked = documentOf(
      await api.POST("/v1/sign-in/device/token", { body: { deviceCode } }).catch((error: unknown) => {
        if (!(error instanceof Failure) || error.ending !== "notFound") throw error;
        throw new Failure("refused", "the code was not used in time: run the command again", { cause: error });
      }),
    );
    if ("token" in asked) return asked.token;
    await sleep(asked.intervalSeconds * 1_000, undefined, { signal });
  }
}

function nullWhereUnset(error: unknown): null {
  if (error instanceof Failure && error.ending === "notFound") return null;
  throw error;
}

/** As long as the service takes it; a pod's host name may be longer. */
export function terminalName(host: string): string {
  return [...host.replace(/\p{C}/gu, "")].slice(0, 60).join("");
}
