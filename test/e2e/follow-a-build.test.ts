import { expect, it } from "vitest";
import { finished, predictorPackage } from "#test/sealed.ts";
import { apiProcess, workerProcess } from "#test/service-processes.ts";
import { draftOf, testService } from "#test/test-service.ts";
import { waitUntil } from "#test/wait-until.ts";

interface LogLine {
  part: string;
  msg: string;
  level: string;
  requestId?: string;
  buildId?: string;
}

function linesOf(lines: readonly string[]): LogLine[] {
  return lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line) as LogLine);
}

it("the lines about one build are found in API and worker by the request's id, and by the build's", async () => {
  const service = await testService();
  const { process: api, port } = await apiProcess(service);
  // The base cannot be made, which is a part's fault; it is not tried again.
  const worker = await workerProcess(service, {
    SLIPWAY_MMDEBSTRAP: "/bin/false",
    SLIPWAY_RETRY_SECONDS: "0",
    SLIPWAY_LEASE_SECONDS: "600",
  });
  for (const model of ["followed", "other"]) await draftOf(service, model, "1.0.0", predictorPackage);
  const seal = async (model: string) => {
    const answer = await service.call("POST", `/v1/models/${model}/versions/1.0.0/seal`, { port });
    expect(answer.status).toBe(202);
    await finished(service, answer.json.build.id, 60_000);
    return { requestId: String(answer.headers["x-request-id"]), buildId: String(answer.json.build.id) };
  };
  const { requestId, buildId } = await seal("followed");
  await seal("other");

  // The last is written when the build's end can be read already.
  const lines = await waitUntil("the line of its end", async () => {
    const all = linesOf([...api.lastLines(), ...worker.lastLines()]);
    return all.some((line) => line.buildId === buildId && line.msg === "work ends") ? all : null;
  });
  const ofRequest = lines.filter((line) => line.requestId === requestId);
  const ofBuild = lines.filter((line) => line.buildId === buildId);
  expect(ofRequest).toEqual(ofBuild);
  expect(ofBuild.map(({ part, msg }) => [part, msg])).toEqual([
    ["api", "request"],
    ["worker", "work begins"],
    ["worker", "a build met a fault of a part"],
    ["worker", "the build failed"],
    ["worker", "work ends"],
  ]);
});
