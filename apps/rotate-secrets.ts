/* SLIPWAY_SECRET_KEY=<new> SLIPWAY_PREVIOUS_SECRET_KEY=<old> DATABASE_URL=… npm run rotate-secrets: brings all stored
   secrets under the new key. Ends with code 0 when none is left under another. */
import { readRotationConfig } from "#core/config.ts";
import { openDatabase } from "#core/database/client.ts";
import { messageOf } from "#core/errors.ts";
import { type Rotation, rotateSecrets } from "#core/secrets/rotate-secrets.ts";
import { ConfigError } from "#core/settings.ts";

const shownSubjects = 20;

try {
  const { database, secrets } = readRotationConfig(process.env);
  const db = openDatabase(database);
  const rotation = await rotateSecrets(db, secrets, (rotated) => console.log(`${rotated} secrets rotated`));
  for (const line of linesOf(rotation)) console.log(line);
  await db.$disconnect();
  process.exit(rotation.left.length === 0 ? 0 : 1);
} catch (error) {
  const wrong = error instanceof ConfigError;
  console.error(wrong ? error.message : `the secrets could not all be rotated: ${messageOf(error)}`);
  process.exit(wrong ? 2 : 1);
}

function linesOf({ keyId, rotated, unopened, left }: Rotation): string[] {
  const shown = unopened.slice(0, shownSubjects).join(", ");
  return [
    ...(unopened.length === 0 ? [] : [`${unopened.length} do not open, since their bytes were changed: ${shown}`]),
    ...left.map((other) => `${other.secrets} are still under the key with the id ${other.keyId}`),
    left.length === 0
      ? `all secrets are under the key with the id ${keyId} (${rotated} rotated now)`
      : `not all secrets are under the key with the id ${keyId} (${rotated} rotated now): set SLIPWAY_PREVIOUS_SECRET_KEY to the key that they want, store anew those that do not open, and run this again`,
  ];
}
