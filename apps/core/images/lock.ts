import { type Static, Type } from "typebox";
import { Value } from "typebox/value";
import type { Digest } from "#core/artifacts/digest.ts";
import { type Fault, SlipwayError } from "#core/errors.ts";
import { platforms } from "#core/packaging/platforms.ts";

const closed = { additionalProperties: false };
const digest = Type.Unsafe<Digest>(Type.String({ pattern: "^sha256:[0-9a-f]{64}$" }));
const sha256 = Type.String({ pattern: "^[0-9a-f]{64}$" });
const line = Type.String({ pattern: "^[^\\s]+$", maxLength: 300 });

const lockSchema = Type.Object(
  {
    schema: Type.Literal(1),
    /** `linux/amd64` */
    platform: line,
    /** `3.11` */
    python: Type.String({ pattern: "^3\\.\\d+$" }),
    base: Type.Object(
      {
        /** `debian:bookworm`, with more packages `debian:bookworm+python3-torch`, or the reference of an image without its registry host. */
        source: line,
        digest,
        /** Debian packages that the base was made from; empty for an image from a registry. */
        packages: Type.Array(Type.Object({ name: line, version: line, sha256 }, closed)),
      },
      closed,
    ),
    /** The Slipway runtime, the Python package that serves the model; the digest is of its source files. */
    runtime: Type.Object({ version: line, digest }, closed),
    requirements: Type.Array(
      Type.Object(
        {
          /** Normalised as PEP 503 says: lower case, `-` between words. */
          name: Type.String({ pattern: "^[a-z0-9]+(-[a-z0-9]+)*$", maxLength: 200 }),
          version: Type.String({ pattern: "^[A-Za-z0-9][A-Za-z0-9.!+_-]*$", maxLength: 100 }),
          /** File name of the one wheel that is installed. */
          wheel: Type.String({ pattern: "^[^\\s/]+\\.whl$", maxLength: 300 }),
          sha256,
          /** Where the index had sources alone: what the wheel was made of, here. */
          sdist: Type.Optional(Type.Object({ file: line, sha256 }, closed)),
        },
        closed,
      ),
    ),
    /** Debian packages that were installed besides the base's, where the package asks for any. */
    system: Type.Optional(Type.Array(Type.Object({ name: line, version: line, sha256 }, closed))),
    /** Where the wheels were laid out without what serving never needs (SLIPWAY_SLIM_WHEELS). */
    slim: Type.Optional(Type.Literal(true)),
  },
  closed,
);

/** Everything a runtime was made of, by name, version and digest. The same package and lock give the same image
 *  digest, and installing by a lock resolves nothing. It is kept with the build and can be given again. */
export type Lock = Static<typeof lockSchema>;
/** Of an image for one platform its lock; of one for several a list with the lock of each. */
export type ImageLock = Lock | readonly Lock[];
export type LockedPackage = Lock["base"]["packages"][number];
export type LockedRequirement = Lock["requirements"][number];

/** Null where there is none for the platform. */
export function lockFor(lock: ImageLock, platform: string): Lock | null {
  return locksIn(lock).find((each) => each.platform === platform) ?? null;
}

/** In the order of their platforms. */
export function locksIn(lock: ImageLock): readonly Lock[] {
  return "platform" in lock ? [lock] : lock;
}

/** Takes a lock that a caller gave, or a list of one for each platform. Throws `lock_invalid` with everything that is wrong,
 *  by JSON pointer. */
export function parseLock(document: unknown): ImageLock {
  const faults = Array.isArray(document) ? listFaults(document) : lockFaults(document);
  if (faults.length > 0) {
    const [first] = faults;
    const more = faults.length > 1 ? ` (and ${faults.length - 1} more)` : "";
    throw new SlipwayError("lock_invalid", `this is no lock: ${first?.where ?? ""} ${first?.message ?? ""}${more}`, {
      faults,
    });
  }
  return document as ImageLock;
}

function listFaults(locks: readonly unknown[]): Fault[] {
  if (locks.length === 0 || locks.length > platforms.length)
    return [{ where: "/", message: `must be one lock for each platform, ${platforms.length} at most` }];
  return locks.flatMap((lock, index) =>
    [...lockFaults(lock), ...repeatedPlatform(lock, locks.slice(0, index))].map(({ where, message }) => ({
      where: where === "/" ? `/${index}` : `/${index}${where}`,
      message,
    })),
  );
}

function lockFaults(document: unknown): Fault[] {
  return Value.Check(lockSchema, document) ? repeatedNames(document) : schemaFaults(document);
}

function repeatedPlatform(lock: unknown, before: readonly unknown[]): Fault[] {
  if (!Value.Check(lockSchema, lock)) return [];
  const { platform } = lock;
  const isKnown = before.some((other) => Value.Check(lockSchema, other) && other.platform === platform);
  return isKnown ? [{ where: "/platform", message: `${platform} has a lock in the list already: keep one` }] : [];
}

function schemaFaults(document: unknown): Fault[] {
  return Value.Errors(lockSchema, document)
    .filter(({ keyword }) => keyword !== "boolean") // said by additionalProperties as well
    .map(({ instancePath, message }) => ({ where: instancePath === "" ? "/" : instancePath, message }));
}

function repeatedNames({ requirements }: Lock): Fault[] {
  const seen = new Set<string>();
  return requirements.flatMap(({ name }, index) => {
    if (!seen.has(name)) {
      seen.add(name);
      return [];
    }
    return [{ where: `/requirements/${index}/name`, message: `${name} stands in the list twice: keep one version` }];
  });
}
