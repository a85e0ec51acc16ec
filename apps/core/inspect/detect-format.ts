import { constants, gunzipSync, inflateSync } from "node:zlib";
import { type ByteSource, readUpTo } from "./byte-source.ts";
import type { Compression, DetectedFile, FileFormat } from "./file-format.ts";
import { xzHead, xzSignature } from "./xz.ts";
import { zipEntries } from "./zip-archive.ts";

const headBytes = 4096;

/** Tells from the bytes what a file is; null for what is no model that is known here. Reads its first bytes, and of a
 *  ZIP archive its directory. Whether the file is whole is for the reader of its format to say. */
export async function detectFormat(source: ByteSource): Promise<DetectedFile | null> {
  const head = await readUpTo(source, 0, headBytes);
  const plain = (format: FileFormat): DetectedFile => ({ format, compression: null });
  for (const [format, matches] of signatures) if (matches(head, source.sizeBytes)) return plain(format);
  if (startsWith(head, "PK\x03\x04")) {
    const format = archiveKind((await zipEntries(source)).map(({ name }) => name));
    return format && plain(format);
  }
  if (await isTar(source, head)) return plain("tar");
  const compression = compressionOf(head);
  if (compression !== null) return { format: "pickle", compression };
  return (await looksLikeTextPickle(source, head)) ? plain("pickle") : null;
}

/** A Git LFS pointer, left where `git lfs pull` did not run (git-lfs, docs/spec.md). */
export async function isLfsPointer(source: ByteSource): Promise<boolean> {
  return startsWith(await readUpTo(source, 0, 64), "version https://git-lfs.github.com/spec/");
}

/** In this order: the more certain first. */
const signatures: readonly [FileFormat, (head: Buffer, sizeBytes: number) => boolean][] = [
  ["hdf5", (head) => startsWith(head, "\x89HDF\r\n\x1a\n")],
  ["gguf", (head) => startsWith(head, "GGUF")],
  ["tflite", (head) => head.toString("latin1", 4, 8) === "TFL3"],
  // torch.save before 1.6: a magic number, pickled, before the data (torch/serialization.py, MAGIC_NUMBER).
  ["torch", (head) => startsWith(head, "\x80\x02\x8a\x0al\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.")],
  ["pickle", (head) => head[0] === 0x80 && head[1] !== undefined && head[1] >= 1 && head[1] <= 5],
  ["safetensors", isSafetensors],
  ["xgboost", isXgboost],
  ["lightgbm", (head) => /^tree\r?\nversion=v\d/.test(head.toString("latin1", 0, 64))],
  ["onnx", isOnnx],
];

/** A length of 8 bytes, and as many bytes of JSON (huggingface/safetensors, README "Format"). */
function isSafetensors(head: Buffer, sizeBytes: number): boolean {
  return (
    head.length > 9 && head.readBigUInt64LE() <= BigInt(sizeBytes - 8) && /^\{\s*"/.test(head.toString("latin1", 8, 64))
  );
}

/** JSON and UBJSON begin with the learner (dmlc/xgboost, doc/tutorials/saving_model.rst); the old binary with `binf`. */
function isXgboost(head: Buffer): boolean {
  const text = head.toString("latin1");
  return (
    /^\s*\{\s*"(?:version"\s*:\s*\[[\d,\s]*\]\s*,\s*")?learner"\s*:\s*\{/.test(text) ||
    text.startsWith("{L\0\0\0\0\0\0\0\x07learner{") ||
    text.startsWith("binf")
  );
}

/** A ModelProto begins with its IR version, 1 to 31, and goes on with a field that it has. A TensorFlow SavedModel
 *  begins the same way, but its second field is long. */
function isOnnx(head: Buffer): boolean {
  const [first, version = 0, tag = 0, length = 0] = head;
  if (first !== 0x08 || version < 1 || version > 31) return false;
  const isText = tag === 0x12 || tag === 0x1a || tag === 0x22 || tag === 0x32;
  if (isText) return length < 0x80 && /^[\x20-\x7e]*$/.test(head.toString("latin1", 4, 4 + length));
  return tag === 0x28 || tag === 0x3a || tag === 0x42;
}

function archiveKind(names: readonly string[]): FileFormat | null {
  const has = (pattern: RegExp) => names.some((name) => pattern.test(name));
  if (has(/^[^/]+\/data\.pkl$/)) return has(/^[^/]+\/(?:code\/|constants\.pkl$)/) ? "torchscript" : "torch";
  if (has(/^metadata\.json$/) && has(/^model\.weights\.h5$/)) return "keras";
  return has(/^schema\.json$/) ? "skops" : null;
}

/** A tar archive (POSIX.1-2017, pax, "ustar Interchange Format"), as it is or as gzip or xz pack it. */
async function isTar(source: ByteSource, head: Buffer): Promise<boolean> {
  const isGzip = startsWith(head, "\x1f\x8b");
  const unpacked = isGzip ? inflated(head, gunzipSync) : startsWith(head, xzSignature) ? await xzHead(source) : head;
  return unpacked.toString("latin1", 257, 262) === "ustar";
}

/** joblib's own prefixes (joblib/compressor.py). Where the content can be looked at, it must be a pickle. */
function compressionOf(head: Buffer): Compression | null {
  if (startsWith(head, "\x1f\x8b")) return isPickle(inflated(head, gunzipSync)) ? "gzip" : null;
  if (head[0] === 0x78 && head.length > 1 && head.readUInt16BE() % 31 === 0)
    return isPickle(inflated(head, inflateSync)) ? "zlib" : null;
  if (/^BZh[1-9]1AY&SY/.test(head.toString("latin1", 0, 10))) return "bzip2";
  if (startsWith(head, xzSignature)) return "xz";
  if (startsWith(head, "\x5d\0\0")) return "lzma";
  return startsWith(head, "\x04\x22\x4d\x18") ? "lz4" : null;
}

function isPickle(head: Buffer): boolean {
  return head[0] === 0x80 && (head[1] ?? 0) <= 5;
}

/** The first bytes of what `head` begins; none where it is damaged. */
function inflated(head: Buffer, inflate: typeof inflateSync): Buffer {
  try {
    return inflate(head, { finishFlush: constants.Z_SYNC_FLUSH });
  } catch {
    return Buffer.alloc(0);
  }
}

/** Protocols 0 and 1 have no header: such a pickle begins with an import, a mark or an empty container, and ends with
 *  STOP. The rest of the suspicion is for the scan. */
async function looksLikeTextPickle(source: ByteSource, head: Buffer): Promise<boolean> {
  if (!/^(?:c[\w.]+\n[\w.]+\n|\((?:[dlti]|c[\w.]+\n)|[\]})](?:[q\x28.]|r))/.test(head.toString("latin1", 0, 512)))
    return false;
  return (await readUpTo(source, source.sizeBytes - 1, 1)).toString("latin1") === ".";
}

function startsWith(head: Buffer, signature: string): boolean {
  return head.subarray(0, signature.length).equals(Buffer.from(signature, "latin1"));
}
