import { execFileSync, spawnSync } from "node:child_process";
import type { PostgresBinaries } from "./postgres-binaries.ts";

/** Postgres refuses to run as root, so root has to run it as somebody else. */
export interface PostgresAccount {
  /** For the log: how it was settled. */
  words: string;
  /** The owner of the data directory. */
  owner: { uid: number; gid: number } | null;
  /** What to spawn in place of `command`. */
  wrap(
    command: string,
    args: readonly string[],
  ): { command: string; args: string[]; account?: { uid: number; gid: number } };
}

const systemUser = "postgres";

/** The system user `postgres`, made when it is missing, if it can reach the binaries and the data;
 *  else a user namespace, in which Postgres sees a plain user and the files stay root's. */
export function choosePostgresAccount(binaries: PostgresBinaries, dataParent: string): PostgresAccount {
  if (process.getuid?.() !== 0)
    return { words: "as the current user", owner: null, wrap: (command, args) => ({ command, args: [...args] }) };

  const user = findUser(systemUser) ?? addUser(systemUser);
  if (user !== null && canRun(binaries.postgres, ["--version"], user) && canRun("test", ["-x", dataParent], user))
    return {
      words: `as the user ${systemUser}`,
      owner: user,
      wrap: (command, args) => ({ command, args: [...args], account: user }),
    };

  // The id has to be one of an existing user: initdb looks up its name.
  const nobody = findUser("nobody");
  if (nobody !== null) {
    const flags = ["--user", `--map-user=${nobody.uid}`, `--map-group=${nobody.gid}`];
    if (canRun("unshare", [...flags, binaries.postgres, "--version"]))
      return {
        words: "in a user namespace",
        owner: { uid: 0, gid: 0 },
        wrap: (command, args) => ({ command: "unshare", args: [...flags, command, ...args] }),
      };
  }
  throw new Error(
    `Postgres does not run as root, and the user ${systemUser} cannot reach ${dataParent} or ${binaries.postgres}. ` +
      "Open the folders above them to it (chmod o+x), start Slipway as another user, or set DATABASE_URL",
  );
}

function findUser(name: string): { uid: number; gid: number } | null {
  const id = (flag: string) => spawnSync("id", [flag, name], { encoding: "utf8" });
  const [uid, gid] = [id("-u"), id("-g")];
  return uid.status === 0 && gid.status === 0 ? { uid: Number(uid.stdout), gid: Number(gid.stdout) } : null;
}

/** Null where the machine has no `useradd`, or where it may not be used. */
function addUser(name: string): { uid: number; gid: number } | null {
  spawnSync("useradd", ["--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", name]);
  return findUser(name);
}

function canRun(command: string, args: readonly string[], account?: { uid: number; gid: number }): boolean {
  return spawnSync(command, args, { stdio: "ignore", ...account }).status === 0;
}

/** A data directory that was made under another account is handed over. */
export function handOver(folder: string, owner: { uid: number; gid: number }): void {
  execFileSync("chown", ["-R", `${owner.uid}:${owner.gid}`, folder]);
}
