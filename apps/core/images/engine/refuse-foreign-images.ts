import type { Database } from "#core/database/client.ts";
import { spellHost } from "#core/registry-host.ts";
import { BuildFault } from "../image-builder.ts";

/** Throws `dockerfile_refused` where a Dockerfile stands on, or copies from, an image of another model: a step could print
 *  what is in it. */
export async function refuseForeignImages(db: Database, model: string, images: readonly string[]): Promise<void> {
  for (const image of images) {
    const place = placeOf(image);
    const foreign = await db.imageRepository.count({
      where: {
        host: { in: place.hosts },
        path: place.path,
        model: { OR: [{ name: { not: model } }, { deletedAt: { not: null } }] },
      },
    });
    if (foreign > 0)
      throw new BuildFault("dockerfile_refused", `the Dockerfile takes "${image}", which is no image for this model`);
  }
}

/** As an engine reads a name: without a host it is of Docker Hub. Whether the host speaks TLS is not known here. */
function placeOf(image: string): { hosts: string[]; path: string } {
  const [first = "", ...rest] = image.replace(/@.*$/, "").split("/");
  const hasHost = rest.length > 0 && (/[.:]/.test(first) || first === "localhost" || first !== first.toLowerCase());
  const host = hasHost ? first : "docker.io";
  const name = (hasHost ? rest : [first, ...rest]).join("/").replace(/:[^/:]*$/, "");
  const path = host === "docker.io" && !name.includes("/") ? `library/${name}` : name;
  const hosts = [false, true].map((plainHttp) => spellHost(host, { plainHttp }));
  return { hosts: [...new Set(hosts)], path };
}
