/** The text without its byte order mark; null where the bytes are not UTF-8, or are UTF-16, which seldom is. */
export function decodeUtf8(bytes: Buffer): string | null {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return text.includes("\0") ? null : text;
  } catch {
    return null;
  }
}
