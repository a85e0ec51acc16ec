import type { FastifyPluginAsyncTypebox } from "@fastify/type-provider-typebox";
import { Type } from "typebox";
import { parseNamePattern } from "#core/access/name-pattern.ts";
import { readEvents } from "#core/access/read-events.ts";
import { pageSize } from "#core/database/paging.ts";
import { EventPage, kindSource } from "../event-schemas.ts";
import { followEvents } from "../follow-events.ts";
import { lastEventId } from "../last-event-id.ts";
import { headers, pageQuery, problems, Streamed } from "../schemas.ts";
import { eventPageView } from "../views.ts";

export const eventRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const { registry } = app;

  app.get(
    "/events",
    {
      schema: {
        operationId: "listEvents",
        description:
          "What was changed, in one order for all: go on after `after`, and none is missed and none comes twice. As `text/event-stream` all that comes from then on; `Last-Event-ID` goes on where a client stopped.",
        tags: ["events"],
        querystring: Type.Object({
          after: Type.Optional(
            Type.Integer({
              minimum: 0,
              maximum: Number.MAX_SAFE_INTEGER,
              description: "The number of the last event that is known; 0 for all",
            }),
          ),
          model: Type.Optional(
            Type.String({ maxLength: 200, description: "its name then, or a pattern such as fraud.*" }),
          ),
          kind: Type.Optional(
            Type.String({
              pattern: kindSource,
              maxLength: 100,
              description: "a kind such as tag.moved, or with tag. all that begin so",
            }),
          ),
          limit: pageQuery.limit,
        }),
        headers: headers({ "Last-Event-ID": "The id of the last event that was received" }),
        response: {
          200: {
            description: "Events",
            content: { "application/json": { schema: EventPage }, "text/event-stream": { schema: Streamed } },
          },
          ...problems(422),
        },
      },
    },
    async (request, reply) => {
      const { after = 0, model, kind, limit } = request.query;
      const search = { after, kind, model: model === undefined ? undefined : parseNamePattern(model) };
      if (!request.headers.accept?.includes("text/event-stream")) {
        const page = await readEvents(registry, {
          ...search,
          limit: pageSize({ limit }),
          grants: request.caller.grants,
        });
        return reply.type("application/json").send(eventPageView(page));
      }
      const gone = new AbortController();
      reply.raw.once("close", () => gone.abort());
      const since = lastEventId(request.headers["last-event-id"]) ?? after;
      const following = {
        grantsNow: () => request.caller.grants,
        signal: AbortSignal.any([gone.signal, app.closing]),
      };
      return reply.type("text/event-stream").send(followEvents(registry, { ...search, after: since }, following));
    },
  );
};
