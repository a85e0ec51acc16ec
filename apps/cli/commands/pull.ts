import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { Failure } from "../failure.ts";
import { inParallel } from "../in-parallel.ts";
import { versionNamed } from "../named.ts";
import { filesOf, holds, pullFiles } from "../pull/pull-files.ts";
import { targetOf } from "../pull/target.ts";
import { readVersion } from "../push/begin.ts";
import { documentOf } from "../service/connect.ts";
import { bytesText, filesText } from "../terminal/units.ts";
import type { Work } from "../work.ts";

export async function pull(work: Work, name: string, folder: string | undefined): Promise<void> {
  const { model, version: wanted } = versionNamed(name);
  const service = await work.service();
  const version = await readVersion(service, model, wanted); // a tag that moves meanwhile changes nothing
  const to = folder ?? model;
  await mkdir(to, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
    throw new Failure("usage", `${to} cannot be made (${error.code}): name another folder`, { cause: error });
  });
  const files = await pullFiles(service, work.screen, version, to);
  if (work.screen.json) work.screen.print(JSON.stringify(version));
  else
    work.screen.print(
      `${model}:${version.version}  ${filesText(files.length)}, ${bytesText(version.sizeBytes)}, in ${to}`,
    );
}

interface Verdict {
  what: string;
  verdict: "holds" | "differs" | "missing";
}

/** Files of a folder against their digests, where one is named, and the image by asking its registry. */
export async function verify(work: Work, name: string, folder: string | undefined): Promise<void> {
  const { model, version: wanted } = versionNamed(name);
  const service = await work.service();
  const version = await readVersion(service, model, wanted);
  const verdicts: Verdict[] = [];
  if (folder !== undefined) {
    const files = await filesOf(service, version);
    verdicts.push(
      ...(await inParallel(files, 4, async (file) => {
        const place = targetOf(folder, file.path);
        const held = await holds(place, file, work.signal);
        return {
          what: join(folder, file.path),
          verdict: held ? "holds" : existsSync(place) ? "differs" : "missing",
        } as const;
      })),
    );
  }
  if (version.image !== null) {
    const params = { path: { model, version: version.version } };
    const image = documentOf(await service.api.POST("/v1/models/{model}/versions/{version}/image/check", { params }));
    verdicts.push({ what: image.reference, verdict: image.status === "present" ? "holds" : "missing" });
  }
  if (verdicts.length === 0)
    throw new Failure("usage", `${name} has no image yet: name the folder that it was pulled to`);
  const { screen } = work;
  if (screen.json) screen.print(JSON.stringify({ model, version: version.version, verdicts }));
  else
    screen.table(
      ["verdict", "what"],
      verdicts.map(({ what, verdict }) => [verdict, what]),
    );
  const bad = verdicts.filter(({ verdict }) => verdict !== "holds").length;
  if (bad > 0) throw new Failure("failed", `${bad} of ${verdicts.length} do not hold: pull again, or build it again`);
}
