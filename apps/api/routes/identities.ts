import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Type } from "typebox";
import {
  type AccountKey,
  createIdentity,
  type Identity,
  listIdentities,
  readIdentity,
  updateIdentity,
} from "#core/access/identities.ts";
import { IdentityChanges, Identity as IdentitySchema, identityParams, NewIdentity } from "../access-schemas.ts";
import { answerOnce } from "../answer-once.ts";
import { grantOf } from "../grants.ts";
import { onceHeaders, page, pageQuery, problems } from "../schemas.ts";
import { signInOf } from "../sign-in.ts";
import { identityView, pageView } from "../views.ts";

const tags = ["access"];

export const identityRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { registry } = app;
  const accountOf = (account: { subject: string } | null | undefined): AccountKey | null | undefined =>
    account && { issuer: signInOf(app).settings.issuer, subject: account.subject };

  app.post(
    "/identities",
    {
      schema: {
        operationId: "createIdentity",
        description: "A person or a service account. It may nothing but what its grants say.",
        tags,
        headers: onceHeaders,
        body: NewIdentity,
        response: { 201: IdentitySchema, ...problems(404, 409, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const { grants, signIn, ...body } = request.body;
      const made = {
        status: 201,
        location: ({ name }: Identity) => `/v1/identities/${name}`,
        view: identityView,
      } as const;
      return answerOnce(registry, request, reply, made, (remember) =>
        createIdentity(
          registry,
          { ...body, grants: grants?.map(grantOf), signIn: accountOf(signIn) ?? undefined },
          request.actor,
          remember,
        ),
      );
    },
  );

  app.get(
    "/identities",
    {
      schema: {
        operationId: "listIdentities",
        tags,
        querystring: Type.Object(pageQuery),
        response: { 200: page(IdentitySchema), ...problems() },
      },
    },
    async ({ query }) => pageView(await listIdentities(registry, query), identityView),
  );

  app.get(
    "/identities/:identity",
    {
      schema: {
        operationId: "getIdentity",
        tags,
        params: identityParams,
        response: { 200: IdentitySchema, ...problems(404) },
      },
    },
    async ({ params }) => identityView(await readIdentity(registry, params.identity)),
  );

  app.patch(
    "/identities/:identity",
    {
      schema: {
        operationId: "updateIdentity",
        description:
          "`grants` replaces all that were given by hand; `disabled` takes every right away; `signIn` ties a person to an account at the provider, and null unties it, which ends the tokens of its sign-ins. All hold within a second.",
        tags,
        params: identityParams,
        body: IdentityChanges,
        response: { 200: IdentitySchema, ...problems(404, 409, 413, 415, 422) },
      },
    },
    async ({ params, body: { grants, signIn, ...changes }, actor }) =>
      identityView(
        await updateIdentity(
          registry,
          params.identity,
          { ...changes, grants: grants?.map(grantOf), signIn: accountOf(signIn) },
          actor,
        ),
      ),
  );
};
