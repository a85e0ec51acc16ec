import { type Static, Type } from "typebox";
import { Value } from "typebox/value";
import type { Digest } from "#core/artifacts/digest.ts";
import { type Fault, SlipwayError } from "#core/errors.ts";

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
export type LockedPackage = Lock["base"]["packages"][number];
export type LockedRequirement = Lock["requirements"][number];

/** Takes a lock that a caller gave. Throws `lock_invalid` with everything that is wrong, by JSON pointer. */
export function parseLock(document: unknown): Lock {
  const faults = Value.Check(lockSchema, document) ? repeatedNames(document) : schemaFaults(document);
  if (faults.length > 0 || !Value.Check(lockSchema, document)) {
    const [first] = faults;
    const more = faults.length > 1 ? ` (and ${faults.length - 1} more)` : "";
    throw new SlipwayError("lock_invalid", `this is no lock: ${first?.where ?? ""} ${first?.message ?? ""}${more}`, {
      faults,
    });
  }
  return document;
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
