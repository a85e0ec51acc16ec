import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Type } from "typebox";
import { parseNamePattern } from "#core/access/name-pattern.ts";
import { findModel } from "#core/models/model.ts";
import { parseRules } from "#core/policies/parse-rules.ts";
import {
  endPolicy,
  listPolicies,
  listPolicyVersions,
  type PolicyScope,
  policiesFor,
  setPolicy,
} from "#core/policies/policies.ts";
import { parseTagName } from "#core/promotion/tag-name.ts";
import { GivenRules, Policy, policyParams } from "../policy-schemas.ts";
import { policyView } from "../promotion-views.ts";
import { problems } from "../schemas.ts";
import { tagParams } from "../tag-schemas.ts";

const tags = ["policies"];
const list = Type.Object({ items: Type.Array(Policy) });

export const policyRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { registry } = app;

  app.get(
    "/policies",
    {
      schema: {
        operationId: "listPolicies",
        description: "By pattern and tag: the policies that hold and whose models the caller may see, all of them.",
        tags,
        response: { 200: list, ...problems() },
      },
    },
    async ({ caller }) => ({ items: (await listPolicies(registry, caller.grants)).map(policyView) }),
  );

  app.get(
    "/models/:model/tags/:tag/policies",
    {
      schema: {
        operationId: "listTagPolicies",
        description: "Those that hold for the tag of the model: all of them together.",
        tags,
        params: tagParams,
        response: { 200: list, ...problems(404, 422) },
      },
    },
    async ({ params: { model, tag } }) => {
      await findModel(registry.db, model);
      const held = await policiesFor(registry.db, { model, tag: parseTagName(tag) });
      return { items: held.map(policyView) };
    },
  );

  app.get(
    "/policies/:pattern/:tag/versions",
    {
      schema: {
        operationId: "listPolicyVersions",
        description: "Every version of a policy, the latest first; also of one that was deleted.",
        tags,
        params: policyParams,
        response: { 200: list, ...problems(422) },
      },
    },
    async ({ params, caller }) => ({
      items: (await listPolicyVersions(registry, scopeOf(params), caller.grants)).map(policyView),
    }),
  );

  app.put(
    "/policies/:pattern/:tag",
    {
      schema: {
        operationId: "setPolicy",
        description:
          "Makes the next version of the policy, which holds from now on: also for promotions that wait, whose approvals are void then. What is left out is not asked for.",
        tags,
        params: policyParams,
        body: GivenRules,
        response: { 200: Policy, 201: Policy, ...problems(413, 415, 422) },
      },
    },
    async ({ params, body, actor }, reply) => {
      const { policy, made } = await setPolicy(registry, scopeOf(params), parseRules(body, params.tag), actor);
      return reply.status(made ? 201 : 200).send(policyView(policy));
    },
  );

  app.delete(
    "/policies/:pattern/:tag",
    {
      schema: {
        operationId: "deletePolicy",
        description: "It holds no longer; its versions stay on record.",
        tags,
        params: policyParams,
        response: { 204: Type.Null(), ...problems(404, 422) },
      },
    },
    async ({ params, actor }, reply) => {
      await endPolicy(registry, scopeOf(params), actor);
      return reply.status(204).send(null);
    },
  );
};

function scopeOf({ pattern, tag }: { pattern: string; tag: string }): PolicyScope {
  return { models: parseNamePattern(pattern), tag: tag === "*" ? tag : parseTagName(tag) };
}
