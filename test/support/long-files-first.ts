import { BaseSequencer, type TestSpecification } from "vitest/node";

/** In this order. A machine that has run no tests yet begins with the largest files, and would wait for these, which are
 *  small, when all others have ended. What makes images comes after the first that does: its base is taken over. */
const long = [
  "contracts/s3-minio",
  "contracts/s3-blob-store",
  "contracts/base-sources",
  "hostile/schemathesis",
  "hostile/slow-clients",
  "integration/images/assembler",
  "integration/pulse",
  "integration/python-client",
  "integration/access/walk",
  "integration/s3-away",
  "integration/images/platforms",
  "integration/cut-connection",
  "integration/images/wheel-layers",
  "integration/s3-faults",
  "integration/images/requirements",
];

const rank = ({ moduleId }: TestSpecification): number =>
  long.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`));

/** Vitest's sequencer: it has to be a class. */
export class LongFilesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const projects = [...new Set(sorted.map(({ project }) => project))];
    return projects.flatMap((project) => {
      const own = sorted.filter((file) => file.project === project);
      const first = own.filter((file) => rank(file) >= 0).sort((a, b) => rank(a) - rank(b));
      return [...first, ...own.filter((file) => rank(file) < 0)];
    });
  }
}
