import { Failure } from "../failure.ts";
import { versionNamed } from "../named.ts";
import { readVersion } from "../push/begin.ts";
import { at, documentOf } from "../service/connect.ts";
import { followBuild, waitReady } from "../service/follow-build.ts";
import { plain } from "../terminal/table.ts";
import type { Work } from "../work.ts";

const uuid = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/;

/** Of a version, or of a build by its id. Followed to the end of a version's build, it fails where the image was not made. */
export async function logs(work: Work, name: string, { follow = false }: { follow?: boolean }): Promise<void> {
  const { screen } = work;
  const service = await work.service();
  const named = uuid.test(name) ? null : versionNamed(name);
  const version = named === null ? null : await readVersion(service, named.model, named.version);
  const build = version === null ? name : version.build?.id;
  if (build === undefined) throw new Failure("notFound", `${name} has no build yet: it is a draft until it is sealed`);
  if (screen.json) {
    const found = await service.api.GET("/v1/builds/{id}", { params: { path: { id: build } } });
    return screen.print(JSON.stringify(documentOf(found)));
  }
  const say = (line: string) => screen.print(plain(line));
  if (follow) {
    for await (const line of followBuild(service, build)) say(line);
    if (version !== null)
      await waitReady(service, await readVersion(service, version.model, version.version), () => {});
  } else {
    const answer = await service.open(`${at("builds", build)}/log?follow=false`, { accept: "text/plain" });
    for (const line of (await answer.text()).split("\n")) if (line !== "") say(line);
  }
}
