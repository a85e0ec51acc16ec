import type { FastifyDynamicSwaggerOptions } from "@fastify/swagger";
import type { FastifySchema } from "fastify";

/** With access off no token is wanted, and none is spoken of. */
export const openapi = (accessIsOn: boolean): FastifyDynamicSwaggerOptions => ({
  openapi: {
    openapi: "3.1.0",
    info: {
      title: "Slipway",
      description:
        "A self-hosted model registry: versions, their files, the images made of them, and the tags that say which one runs.",
      version: "1",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    ...(accessIsOn ? tokenWanted : {}),
    tags: [
      { name: "models", description: "Named lines of versions" },
      { name: "versions", description: "Immutable releases of a model" },
      { name: "files", description: "What a version holds" },
      { name: "builds", description: "The making of a version's image" },
      { name: "proofs", description: "Trying the image of a version, as production would run it" },
      { name: "tags", description: "Moving names: stable, prod and others" },
      { name: "access", description: "Who may do what" },
      { name: "audit", description: "Who did what to what, and when" },
      { name: "health", description: "For probes" },
    ],
  },
  // OpenAPI has no wildcard in a path; a file's path is written with its slashes all the same.
  transform: ({ schema, url }) => ({
    schema: described(schema),
    url: url.replace("/files/*", "/files/:path"),
  }),
});

const tokenWanted = {
  components: { securitySchemes: { token: { type: "http" as const, scheme: "bearer" } } },
  security: [{ token: [] }],
};

const binary = { type: "string", format: "binary" };

interface Described {
  params?: { properties: Record<string, unknown>; required?: string[] };
  body?: { content?: Record<string, unknown> };
}

/** What a route's schema says to Fastify, said to a reader: the wildcard by its name, and as bytes the bodies that
 *  Fastify does not look at. */
function described(schema: FastifySchema): FastifySchema {
  const { params, body } = schema as Described;
  return {
    ...schema,
    ...(params === undefined ? {} : { params: withPathNamed(params) }),
    ...(body?.content === undefined ? {} : { body: { ...body, content: withBytes(body.content) } }),
  };
}

function withPathNamed(params: NonNullable<Described["params"]>): unknown {
  const name = (key: string) => (key === "*" ? "path" : key);
  const properties = Object.entries(params.properties).map(([key, value]) => [name(key), value]);
  return { ...params, properties: Object.fromEntries(properties), required: params.required?.map(name) };
}

function withBytes(content: Record<string, unknown>): Record<string, unknown> {
  const media = Object.entries(content).map(([type, medium]) => [
    type,
    type === "application/json" ? medium : { schema: binary },
  ]);
  return Object.fromEntries(media);
}
