/** The rules for `environment` in `slipway.yaml`: it is laid into the image, where everyone who may pull it reads it. */

/** Null where the variable may be set. */
export function environmentFault(name: string, value: string): string | null {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
    return "is no name of a variable: write letters, digits and _, not a digit first";
  if (isReserved(name)) return "is set by the image itself: leave it out";
  if (looksSecret(name) || holdsSecret(value))
    return `looks like a secret, and an image keeps none: leave it out, and pass it where the image runs (docker run -e ${name}, or a Kubernetes Secret with envFrom)`;
  if (value.includes("\0") || !value.isWellFormed()) return "holds a character that no environment can";
  return null;
}

const reserved: ReadonlySet<string> = new Set(["PATH", "PYTHONPATH", "PYTHONHOME", "MODEL_PATH", "HOME", "HOSTNAME"]);

function isReserved(name: string): boolean {
  return reserved.has(name) || name.startsWith("LD_") || name.startsWith("SLIPWAY_");
}

const secretWords: ReadonlySet<string> = new Set([
  "APIKEY",
  "CREDENTIAL",
  "CREDENTIALS",
  "PASS",
  "PASSPHRASE",
  "PWD",
  "SECRET",
  "SECRETS",
  "TOKEN",
]);
/** Before KEY; a SORT_KEY is none. */
const keyWords: ReadonlySet<string> = new Set([
  "ACCESS",
  "ACCOUNT",
  "API",
  "AUTH",
  "ENCRYPTION",
  "MASTER",
  "PRIVATE",
  "SECRET",
  "SIGNING",
  "SSH",
]);

/** By whole words, so that TOKENIZERS_PARALLELISM and MAX_TOKENS are none. */
function looksSecret(name: string): boolean {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toUpperCase()
    .split("_");
  return words.some(
    (word, index) =>
      secretWords.has(word) ||
      /PASSW(?:OR)?D$/.test(word) ||
      ((word === "KEY" || word === "KEYS") && keyWords.has(words[index - 1] ?? "")),
  );
}

/** A URL with a password, a private key, an AWS access key id, a GitHub token. */
function holdsSecret(value: string): boolean {
  return /:\/\/[^/\s:@]*:[^/\s@]+@|-----BEGIN [A-Z ]*PRIVATE KEY-----|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36}/.test(
    value,
  );
}
