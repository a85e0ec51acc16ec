import { randomBytes } from "node:crypto";
import { newToken } from "#core/access/token.ts";
import { serviceToken } from "./guarded.ts";
import type { PacedRequest } from "./paced-load.ts";
import { createModel, draftSmallModel } from "./packages.ts";
import { type Slipway, sealToReady } from "./slipway.ts";

/** As many as there are connections: each has a draft of its own. */
export const drafts = 200;

const models = ["team.a", "team.b", "team.c", "team.d"] as const;
const versions = ["1.0.0", "1.1.0"] as const;
const unseen = "other.a";
const fileBytes = 1_024;

/** What each kind of request may be answered. */
const expected = {
  "GET version": [200],
  "GET models": [200],
  "GET me": [200],
  "GET file": [200],
  "PUT file": [200, 201],
  "PUT tag": [200, 201],
  "GET with a wrong token": [401, 429],
  "GET of a model that is not seen": [404],
} as const;
type Kind = keyof typeof expected;
const kinds = Object.keys(expected) as Kind[];

/** What a connection asks in its turn. */
export type Mix = (connection: number, turn: number) => PacedRequest;

/** Models of a team with two versions each and drafts beside them, and one that the team may not see. */
export async function prepareMix(slipway: Slipway): Promise<Mix> {
  const { client } = slipway;
  for (const model of [...models, unseen]) await createModel(slipway, model);
  for (const model of models)
    for (const version of versions) {
      await draftSmallModel(slipway, model, version);
      await sealToReady(slipway, model, version);
    }
  for (let draft = 0; draft < drafts; draft++)
    await client.send("POST", `/v1/models/${modelOf(draft)}/versions`, { version: draftOf(draft) });
  const token = await serviceToken(slipway, "team-pipeline", [
    { role: "uploader", pattern: "team.*" },
    { role: "promoter", pattern: "team.*" },
  ]);
  return (connection, turn) =>
    requestOf(kinds[(connection + turn) % kinds.length] ?? "GET me", connection, turn, token);
}

export function expectedOf(kind: string): readonly number[] {
  return expected[kind as Kind];
}

export function isRightToken({ kind }: { kind: string }): boolean {
  return kind !== ("GET with a wrong token" satisfies Kind);
}

function requestOf(kind: Kind, connection: number, turn: number, token: string): PacedRequest {
  const model = `/v1/models/${modelOf(connection)}`;
  const version = versions[Math.floor(turn / kinds.length) % versions.length];
  const headers = { authorization: `Bearer ${token}` };
  const get = (path: string): PacedRequest => ({ kind, method: "GET", path, headers });
  const put = (path: string, type: string, body: string | Buffer): PacedRequest => ({
    kind,
    method: "PUT",
    path,
    headers: { ...headers, "content-type": type },
    body,
  });
  switch (kind) {
    case "GET version":
      return get(`${model}/versions/${version}`);
    case "GET models":
      return get("/v1/models");
    case "GET me":
      return get("/v1/me");
    case "GET file":
      return get(`${model}/versions/${version}/files/notes.txt`);
    case "PUT file": {
      const path = `${model}/versions/${draftOf(connection)}/files/data.bin`;
      return put(path, "application/octet-stream", randomBytes(fileBytes));
    }
    case "PUT tag":
      return put(`${model}/tags/tag-${connection}`, "application/json", JSON.stringify({ version }));
    case "GET with a wrong token":
      // Another each time, and well formed: no checksum tells that it is wrong.
      return { ...get(`${model}/versions/${version}`), headers: { authorization: `Bearer ${newToken("token")}` } };
    case "GET of a model that is not seen":
      return get(`/v1/models/${unseen}`);
  }
}

function modelOf(connection: number): string {
  return models[connection % models.length] ?? models[0];
}

function draftOf(connection: number): string {
  return `2.${connection}.0`;
}
