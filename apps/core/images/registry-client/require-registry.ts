import { type RegistryClient, refusal } from "./client.ts";

/** Before a 404 is believed: it is the registry that answers, and lets this login in. A proxy whose registry is away, or a token
 *  server in trouble, says 404 of everything. Throws `RegistryError` (distribution-spec, "Determining Support"). */
export async function requireRegistry(client: RegistryClient, repository: string, signal: AbortSignal): Promise<void> {
  const answer = await client.call({ method: "GET", target: "/v2/", repository, access: "pull", signal });
  if (answer.status !== 200) throw await refusal(client, answer, "answer as a registry");
  await answer.body.dump();
}
