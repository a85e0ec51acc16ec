import openapiTypescript, { astToString } from "openapi-typescript";

interface Described {
  paths?: Record<string, Record<string, { responses?: Record<string, unknown> }>>;
}

/** The types of what the service says of itself (/openapi.json), as the command line has them: all problems have one
 *  shape, so that answers are those that are none. */
export async function apiTypes(openapi: Described): Promise<string> {
  const described = structuredClone(openapi);
  for (const operation of Object.values(described.paths ?? {}).flatMap((path) => Object.values(path)))
    operation.responses = Object.fromEntries(
      Object.entries(operation.responses ?? {}).filter(([status]) => status.startsWith("2")),
    );
  const nodes = await openapiTypescript(JSON.stringify(described), { alphabetize: true });
  return `/* Made of /openapi.json by npm run docs. */\n\n${astToString(nodes)}`;
}
