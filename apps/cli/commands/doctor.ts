import { statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { engineHere } from "../engine-here.ts";
import { Failure } from "../failure.ts";
import { documentOf, type Service } from "../service/connect.ts";
import { readSettings } from "../settings.ts";
import { bytesText } from "../terminal/units.ts";
import type { Work } from "../work.ts";

interface Finding {
  name: string;
  status: "ok" | "warning" | "failed";
  message: string;
}

const fewBytes = 5 * 1024 ** 3;
const skewSeconds = 60;

/** Everything that a command needs, one line each. Fails where one of them is missing. */
export async function doctor(work: Work): Promise<void> {
  const { screen, chosen } = work;
  const settings = readSettings(chosen);
  const service = await work.service();
  const findings: Finding[] = [];
  const reached = await reachable(service);
  findings.push(reached.finding);
  if (settings.url.startsWith("http://") && !/\/\/(?:127\.|localhost|\[::1\])/.test(settings.url))
    findings.push({ name: "https", status: "warning", message: "plain http: whoever is between reads the token" });
  if (reached.headers !== null)
    findings.push(clockOf(reached.headers), ...(await partsOf(service)), await whoAmI(service));
  const engine = await engineHere();
  findings.push({
    name: "engine",
    status: engine === null ? "warning" : "ok",
    message: engine ?? "neither docker nor podman answers: slipway run needs one",
  });
  const { bavail, bsize } = await statfs(".").catch(() => statfs(tmpdir()));
  const freeBytes = bavail * bsize;
  findings.push({
    name: "space here",
    status: freeBytes < fewBytes ? "warning" : "ok",
    message: `${bytesText(freeBytes)} free`,
  });
  if (screen.json) screen.print(JSON.stringify({ url: settings.url, findings }));
  else
    screen.table(
      ["", "what", "found"],
      findings.map(({ status, name, message }) => [status, name, message]),
    );
  const failed = findings.filter(({ status }) => status === "failed");
  if (failed.length > 0)
    throw new Failure(reached.headers === null ? "unavailable" : "failed", `${failed[0]?.name}: ${failed[0]?.message}`);
}

async function reachable({ api, url }: Service): Promise<{ finding: Finding; headers: Headers | null }> {
  try {
    const { response } = await api.GET("/healthz");
    return { finding: { name: "service", status: "ok", message: `${url} is Slipway` }, headers: response.headers };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { finding: { name: "service", status: "failed", message: error.message }, headers: null };
  }
}

function clockOf(headers: Headers): Finding {
  const there = Date.parse(headers.get("date") ?? "");
  const apart = Math.round((Date.now() - there) / 1_000);
  if (Number.isNaN(there)) return { name: "clock", status: "warning", message: "the service tells no time" };
  if (Math.abs(apart) <= skewSeconds) return { name: "clock", status: "ok", message: "as the service's" };
  const message = `${Math.abs(apart)} s ${apart > 0 ? "before" : "behind"} the service's: tokens may seem expired`;
  return { name: "clock", status: "warning", message };
}

async function partsOf({ api }: Service): Promise<Finding[]> {
  try {
    const { parts } = documentOf(await api.GET("/readyz"));
    return parts.map(({ name, status, message }) => ({
      name,
      status: status === "ok" ? "ok" : "warning",
      message: message ?? status,
    }));
  } catch (error) {
    return [{ name: "parts", status: "failed", message: (error as Error).message }];
  }
}

async function whoAmI({ api }: Service): Promise<Finding> {
  try {
    const me = documentOf(await api.GET("/v1/me"));
    const may = (me.token?.grants ?? me.grants).map(({ role, pattern }) => `${role} of ${pattern}`).join(", ");
    const until = me.token?.expiresAt ? `, until ${me.token.expiresAt}` : "";
    return { name: "token", status: "ok", message: `${me.name}: ${may || "no rights"}${until}` };
  } catch (error) {
    return { name: "token", status: "failed", message: (error as Error).message };
  }
}
