import { packageWithLargeFile, randomPackage } from "../packages.ts";
import { atCommitOf } from "./at-commit.ts";
import type { Moment } from "./moment.ts";

const fault = "kill -9 API";

export const momentsOfTheApi: Moment[] = [
  {
    fault,
    when: "in the middle of a body",
    packages: packageWithLargeFile,
    async strike({ sending, random, apiAt }) {
      const share = 0.05 + random.below(90) / 100;
      const { port } = await sending(({ sentBytes, totalBytes }) => totalBytes > 1e6 && sentBytes > share * totalBytes);
      await apiAt(port).process.kill();
    },
  },
  {
    fault,
    when: "between a body's last byte and the answer",
    packages: randomPackage,
    async strike({ sending, random, apiAt, pause }) {
      let left = random.below(4);
      const { port } = await sending(
        ({ step, sentBytes, totalBytes }) =>
          sentBytes === totalBytes && (step === "archive" || (step === "file" && left-- <= 0)),
      );
      await pause(6);
      await apiAt(port).process.kill();
    },
  },
  ...(["before", "after"] as const).map((moment): Moment => atCommitOf("apis", moment)),
  {
    fault,
    when: "while a version is sealed",
    packages: randomPackage,
    async strike({ sending, apiAt, pause }) {
      const { port } = await sending(({ step }) => step === "seal" || step === "archive");
      await pause(40);
      await apiAt(port).process.kill();
    },
  },
  {
    fault,
    when: "while a tag moves",
    packages: randomPackage,
    async strike({ sending, apiAt, pause }) {
      const { port } = await sending(({ step }) => step === "tag");
      await pause(15);
      await apiAt(port).process.kill();
    },
  },
];
