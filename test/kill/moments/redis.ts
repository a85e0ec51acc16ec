import { rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { randomPackage } from "../packages.ts";
import type { Moment } from "./moment.ts";

export const momentsOfRedis: Moment[] = [
  {
    fault: "FLUSHALL",
    when: "before any worker hears of a build",
    packages: randomPackage,
    async strike({ instance: { db, redis, workers }, sending }) {
      await sending(({ step }) => step === "seal" || step === "archive");
      for (const { process } of workers) process.signal("SIGSTOP");
      while ((await db.work.count({ where: { state: "queued" } })) === 0) await sleep(20);
      // The bell comes after the row.
      await sleep(200);
      await emptied(redis.url);
      for (const { process } of workers) process.signal("SIGCONT");
    },
  },
  {
    fault: "FLUSHALL",
    when: "at any time",
    packages: randomPackage,
    async strike({ instance: { redis }, sending, pause }) {
      await sending(({ step }) => step === "seal" || step === "archive");
      await pause(1_000);
      await emptied(redis.url);
    },
  },
  {
    fault: "Redis killed, started empty",
    when: "at any time",
    packages: randomPackage,
    async strike({ instance: { redis }, sending, pause }) {
      await sending(({ step }) => step === "seal" || step === "archive");
      await pause(1_000);
      await redis.kill();
      rmSync(redis.folder, { recursive: true });
      await pause(2_000);
      await redis.start();
    },
  },
];

async function emptied(url: string): Promise<void> {
  const redis = new Redis(url);
  await redis.flushall();
  await redis.quit();
}
