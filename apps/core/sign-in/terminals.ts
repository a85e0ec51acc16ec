import { nextRevision } from "#core/access/revision.ts";
import type { Grant } from "#core/access/roles.ts";
import { hashOf } from "#core/access/token.ts";
import type { MadeToken } from "#core/access/tokens.ts";
import { violatedConstraint } from "#core/database/faults.ts";
import { SlipwayError } from "#core/errors.ts";
import type { Registry } from "#core/registry.ts";
import type { SignInConfig } from "#core/sign-in-config.ts";
import { signInRefused } from "./account.ts";
import { type BrowserSecret, derived, newBrowserSecret as newDeviceCode } from "./browser-secret.ts";
import { giveToken } from "./give-token.ts";
import { signInInvalid } from "./provider.ts";
import type { From } from "./settle-person.ts";
import { signInMs, takePerson } from "./sign-ins.ts";
import { signedInOf, stillSignedIn } from "./signed-in.ts";
import { newUserCode, type UserCode } from "./user-code.ts";

type Needs = Pick<Registry, "db">;

/** A terminal that asks to be let in, as whoever decides on it sees it. */
export interface WaitingTerminal {
  /** As it shows it. */
  userCode: string;
  name: string;
  address: string;
  askedAt: Date;
}

export interface StartedTerminal {
  /** What the terminal asks with. */
  deviceCode: string;
  /** What its person compares. */
  userCode: UserCode;
  expiresAt: Date;
}

/** In the shape of RFC 8628, with this instance in the provider's place. */
export async function startTerminal({ db }: Needs, name: string, address: string): Promise<StartedTerminal> {
  await db.terminal.deleteMany({ where: { expiresAt: { lt: new Date() } } });
  for (;;) {
    const started = {
      deviceCode: newDeviceCode(),
      userCode: newUserCode(),
      expiresAt: new Date(Date.now() + signInMs),
    };
    const { deviceCode, userCode, expiresAt } = started;
    try {
      await db.terminal.create({ data: { deviceHash: hashOf(deviceCode), userCode, name, address, expiresAt } });
      return started;
    } catch (error) {
      if (violatedConstraint(error) !== "terminals_user_code_key") throw error;
    }
  }
}

/** Throws `terminal_not_found`. */
export async function readTerminal({ db }: Needs, userCode: string): Promise<WaitingTerminal> {
  const row = await db.terminal.findFirst({ where: { userCode, ...undecided() } });
  if (row === null) throw terminalNotFound();
  return { userCode, name: row.name, address: row.address, askedAt: row.createdAt };
}

const undecided = () => ({ identityId: null, refusedAt: null, expiresAt: { gt: new Date() } });

/** By the browser that signed in, and the form that it was shown, once. Throws `sign_in_invalid`, `terminal_not_found`, and
 *  `sign_in_refused` as `pollTerminal` does. */
export async function decideTerminal(
  { db }: Needs,
  { secret, confirm, letIn }: { secret: BrowserSecret | null; confirm: string; letIn: boolean },
): Promise<void> {
  if (secret === null || confirm !== derived(secret, "confirm"))
    throw signInInvalid("this form is not of a sign-in that this browser has just made");
  const refused = await db.$transaction(async (tx) => {
    const taken = await takePerson(tx, secret);
    if (taken === null) throw signInInvalid("this sign-in is over: it was used, or began more than ten minutes ago");
    const { person, terminal } = taken;
    const identity = letIn ? await stillSignedIn(tx, person) : null;
    if (identity instanceof SlipwayError) return identity;
    const { count } = await tx.terminal.updateMany({
      where: { userCode: terminal, ...undecided() },
      data: letIn ? { ...person } : { refusedAt: new Date() },
    });
    if (count === 0) throw terminalNotFound();
    return null;
  });
  if (refused !== null) throw refused;
}

/** Null while it waits. A token is given once, as its person is then: who was disabled meanwhile, or is tied to the account
 *  no more that let it in, gets none, and it is not asked again. Throws `terminal_not_found`, `sign_in_refused`. */
export async function pollTerminal(
  { db }: Needs,
  config: SignInConfig,
  deviceCode: string,
  from: From,
): Promise<{ made: MadeToken; grants: readonly Grant[] } | null> {
  const deviceHash = hashOf(deviceCode);
  const row = await db.terminal.findFirst({ where: { deviceHash, expiresAt: { gt: new Date() } } });
  if (row === null) throw terminalNotFound();
  if (row.refusedAt !== null) throw signInRefused("it was refused in the browser");
  const { name } = row;
  const person = signedInOf(row);
  if (person === null) return null;
  const given = await db.$transaction(async (tx) => {
    const revision = await nextRevision(tx, { name: "", tokenId: null, ...from }, { administers: false });
    const { count } = await tx.terminal.deleteMany({ where: { deviceHash } });
    if (count === 0) throw terminalNotFound();
    const identity = await stillSignedIn(tx, person);
    if (identity instanceof SlipwayError) return identity;
    const groupGrants = identity.signIn?.grants ?? [];
    const actor = { name: identity.name, tokenId: null, ...from };
    const made = await giveToken(tx, config, `terminal ${name}`.trim(), { identity, groupGrants, revision, actor });
    return { made, grants: [...identity.grants, ...groupGrants] };
  });
  if (given instanceof SlipwayError) throw given;
  return given;
}

function terminalNotFound(): SlipwayError {
  return new SlipwayError(
    "terminal_not_found",
    "no terminal waits with this code: it was used, or is older than ten minutes; begin again at the terminal",
  );
}
