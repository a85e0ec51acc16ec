import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Type } from "typebox";
import { parseNetwork } from "#core/access/networks.ts";
import { createToken, listTokens, revokeToken } from "#core/access/tokens.ts";
import { SlipwayError } from "#core/errors.ts";
import { identityParams, MadeToken, NewToken, Token, tokenParams } from "../access-schemas.ts";
import { answerOnce } from "../answer-once.ts";
import { grantOf } from "../grants.ts";
import { onceHeaders, problems } from "../schemas.ts";
import { madeTokenAgain, madeTokenView, tokenView } from "../views.ts";

const tags = ["access"];

export const tokenRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { registry } = app;

  app.post(
    "/identities/:identity/tokens",
    {
      schema: {
        operationId: "createToken",
        description:
          "The answer shows the token, once: only its hash is kept. `grants` narrow what its owner may. One's own may be made with a token that is not narrowed itself.",
        tags,
        params: identityParams,
        headers: onceHeaders,
        body: NewToken,
        response: { 201: MadeToken, ...problems(404, 409, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const { name, grants, networks, expiresAt } = request.body;
      const input = {
        identity: request.params.identity,
        name,
        grants: grants?.map(grantOf),
        networks: networks?.map(parseNetwork),
        expiresAt: expiresAt === undefined ? null : inFuture(expiresAt),
      };
      const made = { status: 201, view: madeTokenView, again: madeTokenAgain } as const;
      return answerOnce(registry, request, reply, made, (remember) =>
        createToken(registry, input, request.caller, request.actor, remember),
      );
    },
  );

  app.get(
    "/identities/:identity/tokens",
    {
      schema: {
        operationId: "listTokens",
        description: "The newest first, those that were revoked or have expired among them.",
        tags,
        params: identityParams,
        response: { 200: Type.Object({ items: Type.Array(Token) }), ...problems(404) },
      },
    },
    async ({ params, caller }) => ({ items: (await listTokens(registry, params.identity, caller)).map(tokenView) }),
  );

  app.delete(
    "/identities/:identity/tokens/:token",
    {
      schema: {
        operationId: "revokeToken",
        description: "By its id; it is refused everywhere within a second.",
        tags,
        params: tokenParams,
        response: { 204: Type.Null(), ...problems(404) },
      },
    },
    async ({ params, caller, actor }, reply) => {
      await revokeToken(registry, { identity: params.identity, id: params.token }, caller, actor);
      return reply.status(204).send(null);
    },
  );
};

function inFuture(text: string): Date {
  const time = new Date(text);
  // RFC 3339 has four digits for a year; an offset can lead past them.
  if (!(time.getTime() > Date.now()) || time.getUTCFullYear() > 9_999)
    throw new SlipwayError("invalid_request", "expiresAt is a time to come, up to 9999, e.g. 2027-01-31T00:00:00Z");
  return time;
}
