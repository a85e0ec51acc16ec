import { SlipwayError } from "#core/errors.ts";

/** A path inside a version: `/`-separated, NFC, at most 1,024 bytes of UTF-8. */
export type FilePath = string & { readonly filePath: unique symbol };

const limitBytes = 1_024;
/** What ext4, XFS and S3 gateways on files take for one name. */
const segmentBytes = 255;

export function parseFilePath(text: string): FilePath {
  const fault = faultIn(text);
  if (fault !== null) throw new SlipwayError("invalid_path", `the path ${quoted(text)} cannot be kept: ${fault}`);
  return text as FilePath;
}

function faultIn(text: string): string | null {
  if (text === "") return "it is empty";
  if (!text.isWellFormed()) return "it is not valid Unicode";
  if (Buffer.byteLength(text) > limitBytes) return `it is longer than ${limitBytes} bytes`;
  if (text !== text.normalize("NFC")) return "write it in Unicode normal form C (NFC)";
  if (text.includes("\\")) return 'separate folders by "/", not "\\"';
  if (/\p{Cc}/u.test(text)) return "it holds a control character";
  if (/[\u2028-\u202e\u2066-\u2069]/.test(text))
    return "it holds a character that breaks or turns the line it stands in";
  if (/%(?:2e|2f|5c|00|25)/i.test(text)) return "it is percent-encoded twice: encode it once";
  const segments = text.split("/");
  if (segments.includes("")) return 'it starts or ends with "/", or holds "//"';
  if (segments.includes(".") || segments.includes("..")) return 'it holds a "." or ".." segment';
  if (segments.some((segment) => Buffer.byteLength(segment) > segmentBytes))
    return `a segment is longer than ${segmentBytes} bytes`;
  return null;
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}

/** Equal for two paths, or two segments of such, that a file system without case would take for one. */
export function foldPath(path: string): string {
  return path.toUpperCase().toLowerCase().normalize("NFC");
}

/** `a`, `a/b` for `a/b/c`: the folders that a file needs. */
export function foldersOf(path: string): string[] {
  const segments = path.split("/");
  return segments.slice(1).map((_, index) => segments.slice(0, index + 1).join("/"));
}
