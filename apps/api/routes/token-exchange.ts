import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { anybody } from "#core/access/caller.ts";
import { openRefusals } from "#core/audit/record-refusal.ts";
import { isSlipwayError, reasonOf } from "#core/errors.ts";
import { exchangeToken } from "#core/federation/exchange-token.ts";
import { openIssuerKeys } from "#core/federation/issuer-keys.ts";
import { ExchangedToken, TokenToExchange } from "../publisher-schemas.ts";
import { problems } from "../schemas.ts";
import { exchangedView } from "../views.ts";

const operationId = "exchangeToken";

/** Open without a token of ours: what is shown is another's (authorize.ts). */
export const tokenExchangeRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { registry } = app;
  const { config, log } = registry;
  const keys = openIssuerKeys({ log, networks: config.federation.networks, ca: config.ca });
  const refusals = openRefusals({ ...registry, redact: app.redact });
  app.addHook("onClose", () => refusals.close());

  app.post(
    "/token-exchange",
    {
      schema: {
        operationId,
        description:
          "A short-lived token for the OIDC token of a pipeline, by the rule of a trusted publisher that it matches. Asked without a token of Slipway. A token is exchanged once.",
        tags: ["access"],
        security: [],
        body: TokenToExchange,
        response: { 201: ExchangedToken, ...problems(413, 415) },
      },
    },
    async ({ body: { token, rule = null }, id: requestId, address, afterAnswer }, reply) => {
      try {
        const exchanged = await exchangeToken({ ...registry, keys }, { token, rule }, { requestId, address });
        return await reply.status(201).send(exchangedView(exchanged));
      } catch (error) {
        if (isSlipwayError(error, "id_token_refused")) reply.header("www-authenticate", 'Bearer realm="Slipway"');
        if (isSlipwayError(error, "id_token_refused") || isSlipwayError(error, "publisher_refused")) {
          const actor = { name: anybody.name, requestId, address, tokenId: null };
          const object = "POST /v1/token-exchange";
          const refusal = { operation: operationId, right: "exchange", model: null, object, why: reasonOf(error) };
          afterAnswer(async () => refusals.note(actor, refusal));
        }
        throw error;
      }
    },
  );
};
