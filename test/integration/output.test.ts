import { expect, it } from "vitest";
import { apiProcess } from "#test/service-processes.ts";
import { testService } from "#test/test-service.ts";

const service = await testService();

it("writes the last lines of the API before it ends, though lines go out together", async () => {
  const { process: api, port } = await apiProcess(service);
  const answer = await fetch(`http://127.0.0.1:${port}/v1/models/none`, {
    headers: { "x-request-id": "the-last-one" },
  });
  expect(answer.status).toBe(404);
  await answer.body?.cancel();
  await api.stop(60_000);
  expect(await api.exited).toEqual({ code: 0, signal: null });
  const written = api.lastLines().filter((line) => line !== "listening"); // said to its parent, not written
  const lines = written.map((line) => JSON.parse(line) as { msg: string; url?: string });
  expect(lines).toContainEqual(expect.objectContaining({ msg: "request", url: "/v1/models/none" }));
  expect(lines.map(({ msg }) => msg)).toContain("ending in order");
});
