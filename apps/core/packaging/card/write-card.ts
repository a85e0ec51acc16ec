import { Document } from "yaml";
import { kubernetesCpu, kubernetesMemory } from "../deployment/limits.ts";
import type { Tensor } from "../package-spec.ts";
import type { CardFacts } from "./card-facts.ts";

/** The card as Markdown: the package's own words, then what Slipway knows. In the front matter `slipway` is ours. */
export function writeCard(facts: CardFacts): string {
  const { model, version, readme, description } = facts;
  const head = readme?.trim() || [`# ${escaped(model)}`, description.trim()].filter((text) => text !== "").join("\n\n");
  return [
    `---\n${frontMatterOf(facts)}---`,
    head,
    `## Version ${escaped(version)}`,
    table(["", ""], rowsOf(facts)),
    ...section("Inputs", tensors(facts.signature?.inputs)),
    ...section("Outputs", tensors(facts.signature?.outputs)),
    ...section("Example request", requestOf(facts)),
    ...section("Requirements", requirementsOf(facts)),
  ]
    .join("\n\n")
    .concat("\n");
}

function frontMatterOf({ frontMatter, model, version, contentDigest, format, image }: CardFacts): string {
  const slipway = { model, version, format, content_digest: contentDigest, image: image?.reference ?? null };
  return new Document({ ...frontMatter, slipway }).toString({ lineWidth: 0 });
}

function rowsOf(facts: CardFacts): [string, string][] {
  const { resources, image, lock } = facts;
  const gpus = resources.gpus === 0 ? "" : `, ${resources.gpus} GPU`;
  return [
    ["Format", facts.format === null ? "an image that was built elsewhere" : escaped(facts.format)],
    ["Content digest", escaped(facts.contentDigest)],
    ["Files", `${facts.fileCount}, ${facts.sizeBytes} bytes`],
    ["Resources", `${kubernetesCpu(resources)} CPU, ${kubernetesMemory(resources)} memory${gpus}`],
    ["Image", image === null ? "none yet" : `\`${image.reference}\``],
    ...(image?.platforms ?? []).map(({ platform, sizeBytes }): [string, string] => [
      `Image for ${escaped(platform)}`,
      `${sizeBytes} bytes`,
    ]),
    ...proofRows(facts),
    ...(lock === null
      ? []
      : ([
          ["Python", escaped(lock.python)],
          ["Base", escaped(`${lock.base.source} ${lock.base.digest}`)],
          ["Slipway runtime", escaped(lock.runtime)],
        ] satisfies [string, string][])),
  ];
}

function proofRows({ proof }: CardFacts): [string, string][] {
  if (proof === null) return [];
  const { status, checked, reason, coldStartMs, latencyMs, memoryBytes } = proof;
  const result = `${status.replace("_", " ")} (${checked})${reason === null ? "" : `: ${reason}`}`;
  return [
    ["Proof", escaped(result)],
    ...(coldStartMs === null ? [] : [["Cold start", `${coldStartMs} ms`] satisfies [string, string]]),
    ...(latencyMs === null
      ? []
      : [["Latency", `${latencyMs.p50} ms (median), ${latencyMs.p99} ms (p99)`] satisfies [string, string]]),
    ...(memoryBytes === null ? [] : [["Memory held", `${memoryBytes} bytes`] satisfies [string, string]]),
  ];
}

function tensors(of: readonly Tensor[] | undefined): string {
  if (of === undefined || of.length === 0) return "";
  return table(
    ["name", "type", "shape", ""],
    of.map(({ name, type, shape, optional }) => [
      escaped(name),
      escaped(type),
      escaped(JSON.stringify(shape)),
      optional ? "optional" : "",
    ]),
  );
}

/** A fence longer than any within, so that an example cannot end it. */
function requestOf({ example }: CardFacts): string {
  if (example === null || example === undefined) return "";
  const body = JSON.stringify(example).replaceAll("'", "'\\''");
  const longest = Math.max(2, ...[...body.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = "`".repeat(longest + 1);
  return [`${fence}sh`, `curl "$MODEL_URL/predict" -H 'content-type: application/json' -d '${body}'`, fence].join("\n");
}

function requirementsOf({ lock }: CardFacts): string {
  if (lock === null || lock.requirements.length === 0) return "";
  return table(
    ["package", "version", "sha256 of the wheel"],
    lock.requirements.map(({ name, version, sha256 }) => [escaped(name), escaped(version), sha256]),
  );
}

function section(title: string, content: string): string[] {
  return content === "" ? [] : [`## ${title}`, content];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), `|${"---|".repeat(head.length)}`, ...rows.map(line)].join("\n");
}

/** Text that is no markup, on one line. */
function escaped(text: string): string {
  return text.replace(/\s+/g, " ").replace(/[\\`*_{}[\]<>|#~&]/g, "\\$&");
}
