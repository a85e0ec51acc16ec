import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Type } from "typebox";
import { offersOf } from "#core/releases/offers-of.ts";
import { problems } from "../schemas.ts";

const Offers = Type.Object({
  pythons: Type.Union([Type.Array(Type.String()), Type.Null()], {
    description:
      "The Python of each base, such as 3.11, the first that of the first; null where one is not known before its base is made",
  }),
  hasTorchIndex: Type.Boolean({ description: "Whether an index of torch's wheels is named" }),
});

export const offerRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    "/offers",
    {
      schema: {
        operationId: "getOffers",
        description:
          "What packages are built on here. Whoever knows it can tell of a folder what a seal would (slipway check).",
        tags: ["versions"],
        response: { 200: Offers, ...problems() },
      },
    },
    async () => offersOf(app.registry),
  );
};
