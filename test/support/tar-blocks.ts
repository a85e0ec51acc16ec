/** A header as a hand would write it: every field can be wrong. See releases/tar-header.ts for the form. */
export interface RawHeader {
  name?: string | Buffer;
  type?: string;
  /** As digits, or as the twelve bytes that stand there. */
  size?: number | Buffer;
  magic?: string;
  prefix?: string;
  link?: string;
  checksum?: string;
}

export function headerBlock({
  name = "f",
  type = "0",
  size = 0,
  magic = "ustar\x0000",
  prefix = "",
  link = "",
  checksum,
}: RawHeader): Buffer {
  const block = Buffer.alloc(512);
  Buffer.from(name).copy(block, 0, 0, 100);
  for (const at of [100, 108, 116]) block.write("0000644\0", at);
  if (Buffer.isBuffer(size)) size.copy(block, 124);
  else block.write(`${size.toString(8).padStart(11, "0")} `, 124);
  block.write("00000000000 ", 136);
  block.write(type, 156, "latin1");
  block.write(link, 157);
  block.write(magic, 257, "latin1");
  block.write(prefix, 345);
  block.write("        ", 148);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(checksum ?? `${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}

/** A header and its content, padded to whole blocks. */
export function entry(header: RawHeader, content: string | Buffer = ""): Buffer {
  const bytes = Buffer.from(content);
  const padding = Buffer.alloc((512 - (bytes.length % 512)) % 512);
  return Buffer.concat([headerBlock({ size: bytes.length, ...header }), bytes, padding]);
}

export function paxRecord(keyword: string, value: string): string {
  const rest = Buffer.byteLength(` ${keyword}=${value}\n`);
  const digits = String(rest + String(rest).length).length;
  return `${rest + digits} ${keyword}=${value}\n`;
}

export function pax(records: Record<string, string>, type = "x"): Buffer {
  return entry(
    { name: "pax", type },
    Object.entries(records)
      .map(([keyword, value]) => paxRecord(keyword, value))
      .join(""),
  );
}

export const endOfArchive = Buffer.alloc(1_024);

export function archiveOf(...entries: readonly Buffer[]): Buffer {
  return Buffer.concat([...entries, endOfArchive]);
}
