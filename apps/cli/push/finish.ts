import { type Reporting, report } from "../pipeline/report.ts";
import { versionSummary } from "../pipeline/version-summary.ts";
import type { Service } from "../service/connect.ts";
import { waitReady } from "../service/follow-build.ts";
import { requireNoFailedProof, waitProof } from "../service/wait-proof.ts";
import { plain } from "../terminal/table.ts";
import { bytesText, filesText } from "../terminal/units.ts";
import type { Work } from "../work.ts";
import { readVersion } from "./begin.ts";
import type { Version } from "./release.ts";

export interface FinishOptions extends Reporting {
  wait?: boolean;
  proof?: boolean;
  against: string;
}

/** What comes after the seal: as far as is wanted it is waited for, and then it is told, also where its proof failed. */
export async function finish(work: Work, service: Service, sealed: Version, options: FinishOptions): Promise<void> {
  const { screen } = work;
  const name = `${sealed.model}:${sealed.version}`;
  let version = sealed;
  if (options.wait === true || options.proof === true) {
    screen.note(`building ${name}`);
    version = await waitReady(service, version, (line) => screen.note(screen.colours.dim(plain(line))));
  } else version = await readVersion(service, version.model, version.version);
  if (options.proof === true) {
    if (version.proof?.status === "pending") screen.note(`proving ${name}`);
    version = await waitProof(service, version);
    screen.note(`its proof: ${plain(version.proof?.status.replace("_", " ") ?? "not run")}`);
  }
  const { status, image, proof } = version;
  report(options, options.summary === undefined ? "" : await versionSummary(service, version, options.against), {
    SLIPWAY_VERSION: version.version,
    SLIPWAY_STATUS: status,
    SLIPWAY_IMAGE: image?.reference,
    SLIPWAY_DIGEST: image?.digest,
    SLIPWAY_PROOF: proof?.status,
  });
  if (options.proof === true) requireNoFailedProof(version);
  showPushed(work, version);
}

function showPushed({ screen }: Work, version: Version): void {
  if (screen.json) {
    screen.print(JSON.stringify(version));
    return;
  }
  const { model, version: number, fileCount, sizeBytes, image, status } = version;
  screen.print(`${model}:${number}  ${status}  ${filesText(fileCount)}, ${bytesText(sizeBytes)}`);
  if (image !== null) screen.print(`image   ${image.reference}\ndigest  ${image.digest}`);
  else screen.print(`follow its build: slipway logs -f ${model}@${number}`);
}
