import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { beforeAll, expect, it } from "vitest";
import { pageBlocks, smallJq } from "#test/page-blocks.ts";
import { candidate, promotionPeople } from "#test/promotion-people.ts";
import { smallImageBuilder } from "#test/small-image.ts";
import { testWorker } from "#test/test-worker.ts";

/*
 * docs/promotion.md as it stands: its shell blocks, one after the other in one bash, each answer a success. A jq of three words
 * stands in for the real one, which a new machine may not have.
 */
const people = await promotionPeople();
const { service, dev, evaluator, ops, lead, auditor } = people;
testWorker(service.registry, smallImageBuilder());

const yaml =
  "schema: 1\nsignature:\n  inputs:\n    - {name: age, type: float64, shape: [-1]}\n  outputs:\n    - {name: score, type: float64, shape: [-1]}\n";
const prelude = `
set -euo pipefail
curl() { command curl --fail-with-body "$@"; echo; }
${smallJq}
`;

const admin = await service.identity("admin", [{ role: "administrator", pattern: "*" }]);
let answers: string[] = [];

beforeAll(async () => {
  await candidate(people, "churn", "1.0.0", { yaml, metadata: { metrics: { auc: 0.91 } } });
  await candidate(people, "churn", "1.1.0", { yaml, metadata: { metrics: { auc: 0.93 } } });
  await ops.call("PUT", "/v1/models/churn/tags/prod", { json: { version: "1.0.0" } });
  const blocks = pageBlocks("docs/promotion.md", "sh").map(({ text }) => text);
  const script = [prelude, ...blocks].join("\necho '=== '\n");
  const { stdout } = await promisify(execFile)("bash", ["-c", script], {
    env: {
      ...process.env,
      API: `http://127.0.0.1:${service.port}/v1`,
      ADMIN: admin.token,
      EVALUATOR: evaluator.token,
      OPS: ops.token,
      LEAD: lead.token,
      AUDITOR: auditor.token,
    },
    timeout: 110_000,
  });
  answers = stdout.split("=== ");
});

it("an operator's week goes as it is told", async () => {
  const find = (part: string) => answers.find((answer) => answer.includes(part)) ?? "";
  expect(find('"outcome"')).toContain('"outcome":"waits"');
  expect(find("# churn")).toContain("1.1.0");
  expect(find("agreed in the review")).toContain('"version":"1.1.0"');
  const { items } = (await auditor.call("GET", "/v1/models/churn/tags/prod/history")).json;
  expect(items.map((each: { to: string; promotion: { forced: boolean } }) => [each.to, each.promotion.forced])).toEqual(
    [
      ["1.0.0", true],
      ["1.1.0", false],
      ["1.0.0", false],
    ],
  );
  expect(items[1].promotion.approvals).toMatchObject([{ approver: "lead" }]);
  expect(new Set(items[1].promotion.verdicts.map(({ rule }: { rule: string }) => rule))).toEqual(
    new Set(["approvals", "freezes", "checks", "sameSignature", "conditions"]),
  );
});

it("and nobody could do another's part", async () => {
  expect((await dev.call("PUT", "/v1/models/churn/tags/prod", { json: { version: "1.1.0" } })).status).toBe(403);
  expect((await evaluator.call("DELETE", "/v1/models/churn/tags/prod")).status).toBe(403);
});
