import { Failure } from "../failure.ts";
import type { Version } from "../push/release.ts";
import { at, type Service } from "../service/connect.ts";
import { bytesText, filesText } from "../terminal/units.ts";
import { code, inMarkdown, markdownTable } from "./markdown.ts";

/** A version, and what differs from the one that has the tag. */
export async function versionSummary(service: Service, version: Version, tag: string): Promise<string> {
  const { model, version: number, status, image, sizeBytes, fileCount } = version;
  const rows = [
    ["version", code(`${model}:${number}`)],
    ...(image === null
      ? []
      : [
          ["image", code(image.reference)],
          ["digest", code(image.digest)],
        ]),
    ["size", [`${bytesText(sizeBytes)} in ${filesText(fileCount)}`, ...imageSizes(image)].join("; ")],
    ["proof", proofText(version)],
    ...sourceRows(version),
  ];
  return `# ${model}:${number} is ${status}\n\n${markdownTable(rows)}\n${await difference(service, version, tag)}`;
}

function imageSizes(image: Version["image"]): string[] {
  return (image?.platforms ?? []).map(({ platform, sizeBytes }) => `image ${bytesText(sizeBytes)} (${platform})`);
}

function proofText({ proof }: Version): string {
  if (proof === null) return "not run";
  const { status, reason, coldStartMs, latencyMs, tests } = proof;
  const found = [
    coldStartMs === null ? "" : `healthy after ${coldStartMs} ms`,
    latencyMs === null ? "" : `p99 ${latencyMs.p99} ms`,
    tests === null ? "" : `tests ${tests.status}`,
    reason ?? "",
  ].filter((each) => each !== "");
  return inMarkdown([status.replace("_", " "), ...found].join(", "));
}

/** The run as its issuer has signed it. */
function sourceRows({ source }: Version): string[][] {
  if (source === null) return [];
  const { repository, commit, runUrl } = source;
  return [["from", inMarkdown(`${repository ?? ""} ${commit?.slice(0, 12) ?? ""} ${runUrl ?? ""}`.trim())]];
}

/** Release notes of the service. */
async function difference(service: Service, { model, version, tags }: Version, tag: string): Promise<string> {
  if (tags.includes(tag)) return `${code(tag)} is at it.\n`;
  try {
    const answer = await service.open(at("models", model, "compare", `${tag}...${version}`), {
      accept: "text/markdown",
    });
    return `Compared with ${code(tag)}:\n\n${await answer.text()}`;
  } catch (error) {
    if (!(error instanceof Failure) || error.ending !== "notFound") throw error;
    return `${code(tag)} is not set: there is nothing to compare it with.\n`;
  }
}
