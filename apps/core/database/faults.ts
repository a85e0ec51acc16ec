import { isSlipwayError, messageOf, SlipwayError } from "#core/errors.ts";
import { Prisma } from "#prisma/client/client.ts";

/** The constraint that a write ran into, or null where it failed for another reason.
 *  Prisma's own `meta.target` is not filled under driver adapters; the adapter's cause is. */
export function violatedConstraint(error: unknown): string | null {
  if (!(error instanceof Prisma.PrismaClientKnownRequestError)) return null;
  const cause = adapterCause(error);
  if (error.code === "P2002") return cause?.constraint?.index ?? cause?.constraint?.fields?.join(",") ?? "unknown";
  if (error.code === "P2010" && cause?.originalCode === "23505")
    return /constraint "([^"]+)"/.exec(cause.originalMessage ?? "")?.[1] ?? "unknown";
  return null;
}

interface AdapterCause {
  kind?: string;
  originalCode?: string;
  originalMessage?: string;
  constraint?: { index?: string; fields?: string[] };
}

function adapterCause(error: Prisma.PrismaClientKnownRequestError): AdapterCause | undefined {
  const adapterError = error.meta?.["driverAdapterError"];
  if (!(adapterError instanceof Error)) return undefined;
  return adapterError.cause as AdapterCause | undefined;
}

/** Classes of SQLSTATE that say the database cannot serve now: connection exception, authorization (a password that is
 *  being changed), no such database yet, insufficient resources, operator intervention (shutdown, statement timeout),
 *  lock not available. */
const passing = /^(?:08|28|3D|53|57|55P03|25P03)/;

/** What pg says of a connection that it cannot make, that was lost, or that is used once more after it was. */
const lostConnection =
  /timeout exceeded when trying to connect|Query read timeout|Connection terminated|Server has closed|terminating connection|is not queryable|\b(?:ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN)\b/;

/** Is the database away or overloaded, as opposed to a statement being wrong? */
export function isDatabaseAway(error: unknown): boolean {
  if (error instanceof Prisma.PrismaClientInitializationError) return true;
  if (error instanceof Prisma.PrismaClientKnownRequestError) {
    const cause = adapterCause(error);
    // P1001, P1008, P1017: no connection, timeout, closed; P2024, P2028: no place in the pool or no transaction.
    if (/^P1\d{3}$|^P20(?:24|28|37)$/.test(error.code)) return true;
    return (
      passing.test(cause?.originalCode ?? "") ||
      /^(?:DatabaseNotReachable|ConnectionClosed|SocketTimeout|TooManyConnections)$/.test(cause?.kind ?? "")
    );
  }
  // What Slipway says itself may quote anything that a user has written.
  return !isSlipwayError(error) && lostConnection.test(messageOf(error));
}

export function databaseAway(cause: unknown): SlipwayError {
  return new SlipwayError("unavailable", "the database does not answer at the moment; try again shortly", { cause });
}
