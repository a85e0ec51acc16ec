import { setTimeout as sleep } from "node:timers/promises";
import { randomPackage } from "../packages.ts";
import type { Moment, Outage } from "./moment.ts";

export const momentsOfPostgres = ({ ms }: Outage): Moment[] => [
  {
    fault: "kill -9 Postgres",
    when: "at any time",
    packages: randomPackage,
    async strike({ instance: { postgres }, sending, pause }) {
      await sending(({ step }) => step !== "read");
      await pause(2_000);
      await postgres.kill();
      await postgres.start();
    },
  },
  {
    fault: "Postgres restarted",
    when: "while a tag moves",
    packages: randomPackage,
    async strike({ instance: { postgres }, sending, pause }) {
      await sending(({ step }) => step === "tag");
      await pause(10);
      await postgres.stop();
      await postgres.start();
    },
  },
  {
    fault: `Postgres away for ${ms / 1_000} s`,
    when: "at any time",
    packages: randomPackage,
    async strike({ instance: { postgres }, sending, pause }) {
      await sending(({ step }) => step !== "read");
      await pause(2_000);
      await postgres.stop();
      await sleep(ms);
      await postgres.start();
    },
  },
];
