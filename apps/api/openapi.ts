import type { FastifyDynamicSwaggerOptions } from "@fastify/swagger";

export const openapi: FastifyDynamicSwaggerOptions = {
  openapi: {
    openapi: "3.1.0",
    info: {
      title: "Slipway",
      description:
        "A self-hosted model registry: versions, their files, the images made of them, and the tags that say which one runs.",
      version: "1",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    tags: [
      { name: "models", description: "Named lines of versions" },
      { name: "versions", description: "Immutable releases of a model" },
      { name: "files", description: "What a version holds" },
      { name: "builds", description: "The making of a version's image" },
      { name: "tags", description: "Moving names: stable, prod and others" },
      { name: "health", description: "For probes" },
    ],
  },
  // OpenAPI has no wildcard in a path; a file's path is written with its slashes all the same.
  transform: ({ schema, url }) => ({ schema, url: url.replace("/files/*", "/files/:path") }),
};
