/**
 * One requirement, as PEP 508 (dependency specifiers) and PEP 440 (versions) write it:
 *
 *     name [extras] (specifiers) ; marker        scikit-learn[tests] >=1.5,<2 ; python_version < "3.13"
 *
 * without `name @ url`, which is refused: an image is made from wheels of the package index alone.
 */
import { validRange } from "@renovatebot/pep440";
import { markerFault } from "./requirement-marker.ts";

export interface Requirement {
  /** Normalised by PEP 503: `scikit-learn` for `Scikit_Learn`. */
  name: string;
  extras: string[];
  /** `>=1.5,<2`, or empty for any version. */
  specifiers: string;
  marker: string | null;
}

/** PEP 503, normalised names. */
export function normalisedName(name: string): string {
  return name.replace(/[-_.]+/g, "-").toLowerCase();
}

/** The requirement that `text` is, or what is wrong with it. */
export function parseRequirement(text: string): Requirement | { fault: string } {
  const head = /^([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[([^\]]*)\])?\s*/.exec(text);
  if (head?.[1] === undefined) return { fault: "is no requirement: write a name, then versions, such as numpy>=2.1" };
  const rest = text.slice(head[0].length);
  if (rest.startsWith("@"))
    return { fault: "names an address: images are made from the package index alone, so write a name and a version" };
  const semicolon = rest.indexOf(";");
  const versions = (semicolon === -1 ? rest : rest.slice(0, semicolon)).trim();
  const marker = semicolon === -1 ? null : rest.slice(semicolon + 1).trim();

  const extras = (head[2] ?? "").split(",").map((extra) => extra.trim());
  if (
    head[2] !== undefined &&
    head[2].trim() !== "" &&
    !extras.every((extra) => /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/.test(extra))
  )
    return { fault: `"[${head[2]}]" is no list of extras` };
  const specifiers = parseVersions(versions);
  if (typeof specifiers !== "string") return specifiers;
  const wrongMarker = marker === null ? null : markerFault(marker);
  if (wrongMarker !== null) return { fault: wrongMarker };
  return {
    name: normalisedName(head[1]),
    extras: extras
      .filter((extra) => extra !== "")
      .map(normalisedName)
      .sort(),
    specifiers,
    marker,
  };
}

function parseVersions(versions: string): string | { fault: string } {
  const inner = /^\((.*)\)$/.exec(versions)?.[1] ?? versions;
  if (inner.trim() === "") return "";
  const parts = inner.split(",").map((part) => part.trim());
  for (const part of parts) {
    if (/^=[^=]/.test(part)) return { fault: `"${part}" is no version specifier: write two equals signs, =${part}` };
    if (!/^(?:===|[~=!<>]=|[<>])/.test(part))
      return {
        fault: `"${part}" is no version specifier: write an operator and a version, such as ==1.9.1 or >=1.5,<2`,
      };
    if (!validRange(part)) return { fault: `"${part}" is no version specifier of PEP 440` };
  }
  return parts.map((part) => part.replace(/\s+/g, "")).join(",");
}

/** As PEP 508 writes it, always the same way. */
export function renderRequirement({ name, extras, specifiers, marker }: Requirement): string {
  const suffix = extras.length === 0 ? "" : `[${extras.join(",")}]`;
  return `${name}${suffix}${specifiers}${marker === null ? "" : ` ; ${marker}`}`;
}
