import type { FastifyInstance, FastifyRequest } from "fastify";
import { anybody } from "#core/access/caller.ts";
import { needs, type OperationNeed } from "#core/access/needs.ts";
import { allows, type Need, type Right } from "#core/access/roles.ts";
import { openRefusals } from "#core/audit/record-refusal.ts";
import { buildNotFound, modelOfBuild } from "#core/builds/build.ts";
import { isId } from "#core/database/ids.ts";
import { SlipwayError } from "#core/errors.ts";
import { modelNotFound } from "#core/models/model.ts";
import { promotionNotFound, subjectOfPromotion } from "#core/promotion/promotion.ts";

/** What an operation needs. Throws where it has no line in the table. */
export function needOf(operation: string | undefined, route: string): OperationNeed {
  const need = (needs as Record<string, OperationNeed>)[operation ?? ""];
  if (need === undefined) throw new Error(`${route} has no line in core/access/needs.ts`);
  return need;
}

/** Each throws where the caller may not do what it asks for, and puts that into the audit. */
export type StateNeed = "model" | "everything";

export interface Requirements {
  /** What the path tells. A path that leads nowhere, or a method that is not taken, needs nothing. */
  ofPath(request: FastifyRequest): Promise<void>;
  /** What the body tells: a name that is given to a model, at its making or later, is one that the caller may give, and each
   *  tag one that the caller may move. */
  ofBody(request: FastifyRequest): Promise<void>;
  /** What only the state of things tells: a right on the model in the path, or on everything, beside the operation's own. */
  ofState(request: FastifyRequest, right: Right, on: StateNeed): void;
}

export function openRequirements(app: FastifyInstance): Requirements {
  const { registry } = app;
  const refusals = openRefusals({ ...registry, redact: app.redact });
  app.addHook("onClose", () => refusals.close());

  /** What one may not see is not there: `unseen` says so as of a thing that nobody has. What one may see and not do names
   *  the right that is missing. */
  const require = (request: FastifyRequest, need: Need, unseen?: () => SlipwayError): void => {
    const { caller, actor, method, url, routeOptions } = request;
    const seen = unseen === undefined || allows(caller.grants, { right: "read", model: need.model });
    if (seen && allows(caller.grants, need)) return;
    const refusal = { operation: routeOptions.schema?.operationId ?? "", right: need.right, model: need.model };
    // Later, since of a thing that nobody has there is nothing to note.
    request.afterAnswer(async () => refusals.note(actor, { ...refusal, object: `${method} ${url}` }));
    throw seen ? forbidden(caller.name, need) : unseen();
  };

  return {
    async ofPath(request) {
      const { caller, routeOptions } = request;
      if (request.is404 || routeOptions.config.methodNotTaken === true) return;
      const { right, on } = needOf(routeOptions.schema?.operationId, request.url);
      if (caller === anybody) return;
      const { model, tag, id, identity } = request.params as Record<string, string | undefined>;
      // Which tags it is about is in its body.
      if (on === "tags" && model !== undefined) require(request, { right: "read", model }, () => modelNotFound(model));
      if (on === "model" && model !== undefined)
        require(request, { right, model, ...(tag === undefined ? {} : { tag }) }, () => modelNotFound(model));
      if (on === "build" && id !== undefined && isId(id)) {
        const name = await modelOfBuild(registry, id);
        if (name === null) throw buildNotFound(id);
        require(request, { right, model: name }, () => buildNotFound(id));
      }
      if (on === "promotion" && id !== undefined && isId(id)) {
        const subject = await subjectOfPromotion(registry, id);
        if (subject === null) throw promotionNotFound(id);
        require(request, { right, ...subject }, () => promotionNotFound(id));
      }
      const own = on === "own or everything" && identity === caller.name;
      if (on === "everything" || (on === "own or everything" && !own)) require(request, { right, model: null });
      if (on === "setup" && caller.setsUp !== true)
        throw new SlipwayError(
          "forbidden",
          "only a setup code makes the first administrator, while there is nobody yet",
        );
    },

    async ofBody(request) {
      if (request.caller === anybody) return;
      const { operationId } = request.routeOptions.schema ?? {};
      if (operationId === "moveTags") {
        const { model } = request.params as { model: string };
        const { moves } = request.body as { moves: { tag: string }[] };
        for (const { tag } of moves) require(request, { right: needs.moveTags.right, model, tag });
      }
      if (operationId === "createPromotion") {
        const { model } = request.params as { model: string };
        const { tag } = request.body as { tag: string };
        require(request, { right: needs.createPromotion.right, model, tag });
      }
      const name = (request.body as { name?: unknown } | undefined)?.name;
      if (typeof name !== "string") return;
      if (operationId === "createModel") require(request, { right: needs.createModel.right, model: name });
      if (operationId === "updateModel")
        for (const model of [(request.params as { model: string }).model, name])
          require(request, { right: "administer", model });
    },

    ofState(request, right, on) {
      const { model } = request.params as { model: string };
      if (request.caller !== anybody) require(request, { right, model: on === "model" ? model : null });
    },
  };
}

function forbidden(caller: string, { right, model, tag }: Need): SlipwayError {
  const what = model === null ? "everything (*)" : `"${model.slice(0, 200)}"`;
  const moving = tag === undefined ? "" : ` for the tag "${tag.slice(0, 200)}"`;
  return new SlipwayError(
    "forbidden",
    `${caller} lacks the right to ${right} on ${what}${moving}: an administrator can grant it`,
  );
}
