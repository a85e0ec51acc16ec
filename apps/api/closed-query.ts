import type { RouteOptions } from "fastify";
import { Type } from "typebox";

/** An `onRoute` hook: a route takes the parameters that its schema names, and a slip of the pen is not passed over
 *  (`?lable=…` would list everything). */
export function closeQuery(route: RouteOptions): void {
  const { querystring = Type.Object({}) } = route.schema ?? {};
  route.schema = { ...route.schema, querystring: { ...(querystring as object), additionalProperties: false } };
}
