import type { FastifyInstance, FastifyRequest } from "fastify";
import { anybody } from "#core/access/caller.ts";
import { openRefusals } from "#core/audit/record-refusal.ts";
import { isSlipwayError, messageOf } from "#core/errors.ts";

const noted = ["sign_in_refused", "sign_in_invalid", "identity_exists"] as const;

/** Puts into the audit who was not signed in, and why; throws what it was given. */
export function openSignInRefusals(app: FastifyInstance): (request: FastifyRequest) => (error: unknown) => never {
  const refusals = openRefusals({ ...app.registry, redact: app.redact });
  app.addHook("onClose", () => refusals.close());
  return ({ id: requestId, address, method, routeOptions, afterAnswer }) =>
    (error) => {
      if (noted.some((code) => isSlipwayError(error, code))) {
        const { url = "", schema } = routeOptions;
        const actor = { name: anybody.name, requestId, address, tokenId: null };
        const refusal = {
          operation: schema?.operationId ?? "",
          right: "sign in",
          model: null,
          object: `${method} ${url}`,
        };
        afterAnswer(async () => refusals.note(actor, { ...refusal, why: messageOf(error) }));
      }
      throw error;
    };
}
