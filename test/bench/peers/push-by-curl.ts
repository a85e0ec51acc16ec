import { commandOutput, secondsOf } from "../command.ts";
import { sha256Of } from "../random-file.ts";

/** Sends a file to a registry as one blob by `curl -T`, and nothing more. The digest that a push has to name is not in
 *  the seconds. */
export async function pushByCurl(registryHost: string, repository: string, path: string): Promise<number> {
  const digest = await sha256Of(path);
  const begun = await fetch(`http://${registryHost}/v2/${repository}/blobs/uploads/`, {
    method: "POST",
    signal: AbortSignal.timeout(30_000),
  });
  await begun.body?.cancel();
  const location = new URL(begun.headers.get("location") ?? "", `http://${registryHost}`);
  location.searchParams.set("digest", `sha256:${digest}`);
  const header = ["--header", "content-type: application/octet-stream"];
  return secondsOf(() =>
    commandOutput("curl", ["--fail-with-body", "--silent", "--show-error", ...header, "-T", path, location.href]),
  );
}
