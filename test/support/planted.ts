import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { Client } from "pg";

/** Where something could show that must not: its content, whole. */
export interface Place {
  name: string;
  content: Buffer;
}

/** A secret in each form in which it could be written: as it is, percent-encoded, in hex, and in base64 of itself or of
 *  a text that it is a part of. */
export function formsOf(secret: string): string[] {
  const based = [0, 1, 2].flatMap((offset) => {
    const standard = Buffer.from(`${" ".repeat(offset)}${secret}`).toString("base64");
    // The first and the last digit that hold bits of it hold bits of its neighbours, too.
    const own = standard.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + secret.length) * 8) / 6));
    return [own, own.replaceAll("+", "-").replaceAll("/", "_")];
  });
  return [...new Set([secret, encodeURIComponent(secret), Buffer.from(secret).toString("hex"), ...based])];
}

/** `<secret's name> in <place>` for each that shows. */
export function whatShows(secrets: Readonly<Record<string, string>>, places: readonly Place[]): string[] {
  return Object.entries(secrets).flatMap(([name, secret]) => {
    const forms = formsOf(secret);
    return places
      .filter(({ content }) => forms.some((form) => content.includes(form)))
      .map((place) => `${name} in ${place.name}`);
  });
}

/** Every row of every table; bytes in hex. */
export async function databasePlaces(url: string): Promise<Place[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const tables = await client.query<{ name: string }>(
      "SELECT quote_ident(table_name) AS name FROM information_schema.tables WHERE table_schema = 'public'",
    );
    const places: Place[] = [];
    for (const { name } of tables.rows) {
      const { rows } = await client.query<{ text: string }>(`SELECT t::text AS text FROM ${name} t`);
      places.push({ name: `the table ${name}`, content: Buffer.from(rows.map(({ text }) => text).join("\n")) });
    }
    return places;
  } finally {
    await client.end();
  }
}

/** Manifest, config and layers of an image, unpacked from gzip. */
export async function imagePlaces(
  { host, repository, digest }: { host: string; repository: string; digest: string },
  authorization: string,
): Promise<Place[]> {
  const get = async (path: string): Promise<Buffer> => {
    const answer = await fetch(`http://${host}/v2/${repository}/${path}`, {
      headers: { authorization, accept: "application/vnd.oci.image.manifest.v1+json" },
    });
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}`);
    return Buffer.from(await answer.arrayBuffer());
  };
  const manifest = await get(`manifests/${digest}`);
  const { config, layers } = JSON.parse(manifest.toString()) as Record<"config", { digest: string }> &
    Record<"layers", { digest: string }[]>;
  const places: Place[] = [{ name: "the image's manifest", content: manifest }];
  for (const blob of [config, ...layers]) {
    const bytes = await get(`blobs/${blob.digest}`);
    const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
    const name = blob === config ? "the image's config" : `the image's layer ${blob.digest}`;
    places.push({ name, content: isGzip ? gunzipSync(bytes) : bytes });
  }
  return places;
}

/** All files below a folder, with their names. */
export function folderPlaces(folder: string): Place[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => {
      const path = join(parentPath, name);
      return { name: path, content: Buffer.concat([Buffer.from(path), readFileSync(path)]) };
    });
}
