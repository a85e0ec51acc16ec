import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Type } from "typebox";
import { type Proof, readProof } from "#core/proofs/proof.ts";
import { requestProof } from "#core/proofs/request-proof.ts";
import { answerOnce } from "../answer-once.ts";
import { maybe, onceHeaders, Proof as ProofSchema, problems, versionParams } from "../schemas.ts";
import { proofView } from "../views.ts";

const tags = ["proofs"];
const WhatToTry = Type.Object(
  { tests: Type.Optional(Type.Boolean({ description: "Also run the package's own tests/ in the image, by pytest" })) },
  { additionalProperties: false },
);

export const proofRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { registry } = app;

  app.post(
    "/models/:model/versions/:version/proof",
    {
      schema: {
        operationId: "createProof",
        description: "Has the image of a ready version tried again; the new proof takes the place of the one before.",
        tags,
        params: versionParams,
        headers: onceHeaders,
        body: maybe(WhatToTry),
        response: { 202: ProofSchema, ...problems(404, 409, 413, 415, 422) },
      },
    },
    async (request, reply) => {
      const { params } = request;
      const tests = request.body?.tests === true;
      const location = (): string => `/v1/models/${params.model}/versions/${params.version}/proof`;
      return answerOnce<Proof>(registry, request, reply, { status: 202, location, view: proofView }, (remember) =>
        requestProof(registry, { ...params, tests }, request.actor, remember),
      );
    },
  );

  app.get(
    "/models/:model/versions/:version/proof",
    {
      schema: {
        operationId: "getProof",
        description: "What came of trying the image: as the version has it, and of when and whom it is.",
        tags,
        params: versionParams,
        response: { 200: ProofSchema, ...problems(404) },
      },
    },
    async ({ params }) => proofView(await readProof(registry, params.model, params.version)),
  );
};
