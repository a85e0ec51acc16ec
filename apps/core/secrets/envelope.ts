import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from "node:crypto";

/*
 * Secrets at rest, by envelope encryption (NIST SP 800-57 part 1, §6.2.3.5): each secret is encrypted with a data key of
 * its own, and the data key with the key of this installation. A rotation encrypts the data keys anew and touches no
 * secret.
 *
 *   sealed = nonce 12 · tag 16 · ciphertext        AES-256-GCM (NIST SP 800-38D)
 *   wrapped key = the same form, of 32 bytes
 */

/** As a row keeps them. */
type Bytes = Uint8Array<ArrayBuffer>;

export interface EncryptedSecret {
  /** Of the installation's key: the first 16 hex digits of a digest of it. */
  keyId: string;
  wrappedKey: Bytes;
  sealed: Bytes;
}

/** The installation's key, from a text of at least 32 characters. */
export interface MasterKey {
  id: string;
  key: Buffer;
}

/** No key of ours opens it: the wrong SLIPWAY_SECRET_KEY, or bytes that were changed. */
export class CannotDecrypt extends Error {}

export function masterKey(secret: string): MasterKey {
  const derive = (purpose: string, length: number) =>
    Buffer.from(hkdfSync("sha256", secret, "slipway", purpose, length));
  return { id: derive("key id", 8).toString("hex"), key: derive("wrap data keys", 32) };
}

/** `subject` names what the secret belongs to (`registry:main/password`): moved to another row it does not open. */
export function encryptSecret({ id, key }: MasterKey, secret: string, subject: string): EncryptedSecret {
  const dataKey = randomBytes(32);
  return {
    keyId: id,
    wrappedKey: encrypt(key, dataKey, subject),
    sealed: encrypt(dataKey, Buffer.from(secret), subject),
  };
}

/** Throws `CannotDecrypt`. */
export function decryptSecret(
  keys: readonly MasterKey[],
  { keyId, wrappedKey, sealed }: EncryptedSecret,
  subject: string,
): string {
  return decrypt(decrypt(keyOf(keys, keyId), wrappedKey, subject), sealed, subject).toString();
}

/** The same secret under the newest key, its own bytes untouched. Throws `CannotDecrypt`. */
export function rewrap(
  newest: MasterKey,
  keys: readonly MasterKey[],
  { keyId, wrappedKey, sealed }: EncryptedSecret,
  subject: string,
): EncryptedSecret {
  const dataKey = decrypt(keyOf(keys, keyId), wrappedKey, subject);
  return { keyId: newest.id, wrappedKey: encrypt(newest.key, dataKey, subject), sealed };
}

function keyOf(keys: readonly MasterKey[], keyId: string): Buffer {
  const found = keys.find(({ id }) => id === keyId);
  if (found === undefined) throw new CannotDecrypt(`no key here has the id ${keyId}`);
  return found.key;
}

const nonceBytes = 12;
const tagBytes = 16;

function encrypt(key: Buffer, plain: Buffer, subject: string): Bytes {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(aad(subject));
  const ciphertext = Buffer.concat([cipher.update(plain), cipher.final()]);
  return new Uint8Array(Buffer.concat([nonce, cipher.getAuthTag(), ciphertext]));
}

function decrypt(key: Buffer, bytes: Bytes, subject: string): Buffer {
  try {
    const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes })
      .setAAD(aad(subject))
      .setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes));
    return Buffer.concat([decipher.update(bytes.subarray(nonceBytes + tagBytes)), decipher.final()]);
  } catch (cause) {
    throw new CannotDecrypt("the bytes were changed, or belong to something else", { cause });
  }
}

function aad(subject: string): Buffer {
  return createHash("sha256").update(subject).digest();
}
