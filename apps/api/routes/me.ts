import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { readMe } from "#core/access/read-me.ts";
import { setUp } from "#core/access/setup.ts";
import { FirstAdministrator, MadeToken, Me } from "../access-schemas.ts";
import { answerOnce } from "../answer-once.ts";
import { onceHeaders, problems } from "../schemas.ts";
import { grantView, madeTokenAgain, madeTokenView, tokenView } from "../views.ts";

const tags = ["access"];

export const meRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { registry } = app;

  app.get(
    "/me",
    {
      schema: {
        operationId: "getMe",
        description:
          "Who the caller is, what it may (`grants`), and the token that it shows. What the token is narrowed to holds beside its owner's grants: both must allow a thing.",
        tags,
        response: { 200: Me, ...problems() },
      },
    },
    async ({ caller }) => {
      const { grants, token, ...me } = await readMe(registry, caller);
      return { ...me, grants: grants.map(grantView), token: token === null ? null : tokenView(token) };
    },
  );

  app.post(
    "/setup",
    {
      schema: {
        operationId: "setUp",
        description:
          "Makes the first administrator, with a token. The code that was shown at the first start is the caller's token here; it works once.",
        tags,
        headers: onceHeaders,
        body: FirstAdministrator,
        response: { 201: MadeToken, ...problems(409, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const made = { status: 201, view: madeTokenView, again: madeTokenAgain } as const;
      return answerOnce(registry, request, reply, made, (remember) =>
        setUp(registry, request.body, request.actor, remember),
      );
    },
  );
};
