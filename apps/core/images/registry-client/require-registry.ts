import { type RegistryClient, refusal } from "./client.ts";

/** Before a 404 is believed: it is the registry that answers, and lets this login in. A proxy whose registry is away, or a token
 *  server in trouble, says 404 of everything. Throws `RegistryError` (distribution-spec, "Determining Support"). */
export async function requireRegistry(client: RegistryClient, repository: string, signal: AbortSignal): Promise<void> {
  const answer = await client.call({ method: "GET", target: "/v2/", repository, access: "pull", signal });
  if (answer.status !== 200) throw await refusal(client, answer, "answer as a registry");
  await answer.body.dump();
}

/** The registry can look into the repository, which may have no tags. Throws `RegistryError` (distribution-spec, "Listing Tags"). */
export async function requireTags(client: RegistryClient, repository: string, signal: AbortSignal): Promise<void> {
  const target = `/v2/${repository}/tags/list?n=1`;
  const answer = await client.call({ method: "GET", target, repository, access: "pull", signal });
  if (answer.status !== 200 && answer.status !== 404) throw await refusal(client, answer, `list tags of ${repository}`);
  await answer.body.dump();
}
