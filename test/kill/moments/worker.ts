import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { packageWithLargeFile, packageWithNewRuntime, randomPackage } from "../packages.ts";
import type { Round } from "../round.ts";
import { atCommitOf } from "./at-commit.ts";
import type { Moment } from "./moment.ts";

const fault = "kill -9 worker";

export const momentsOfTheWorker: Moment[] = [
  {
    fault,
    when: "while a runtime is made",
    packages: packageWithNewRuntime,
    async strike({ builder, pause }) {
      const worker = await builder();
      await pause(3_000);
      await worker.process.kill();
    },
  },
  {
    fault,
    when: "while a blob is pushed",
    packages: packageWithLargeFile,
    async strike(round) {
      const { random } = round;
      await atRequest(round, (incoming) => {
        const length = Number(incoming.headers["content-length"] ?? 0);
        if (incoming.method !== "PUT" || !incoming.url?.includes("/blobs/uploads/") || length < 1e6) return null;
        const after = random.below(length);
        return (strike) => {
          let taken = 0;
          incoming.on("data", (chunk: Buffer) => {
            taken += chunk.length;
            if (taken > after) strike();
          });
        };
      });
    },
  },
  {
    fault,
    when: "between the push and the row",
    packages: randomPackage,
    async strike(round) {
      await atRequest(round, (incoming, response) =>
        incoming.method === "PUT" && /\/manifests\/sha256:/.test(incoming.url ?? "")
          ? (strike) => response.once("finish", strike)
          : null,
      );
    },
  },
  {
    fault,
    when: "between the registry's tag and the row",
    packages: randomPackage,
    async strike(round) {
      await atRequest(round, (incoming, response) =>
        isVersionTag(incoming) ? (strike) => response.once("finish", strike) : null,
      );
    },
  },
  ...(["before", "after"] as const).map((moment): Moment => atCommitOf("workers", moment)),
  {
    fault: "SIGSTOP, SIGCONT worker",
    when: "past its lease, in the middle of a push",
    packages: randomPackage,
    async strike(round) {
      await untilRequest(
        round,
        () => true,
        () => stopAll(round),
      );
      await outliveLease(round);
    },
  },
  {
    fault: "SIGSTOP, SIGCONT worker",
    when: "past its lease, right before its result",
    packages: randomPackage,
    async strike(round) {
      await untilRequest(round, isVersionTag, () => stopAll(round));
      await outliveLease(round);
    },
  },
  {
    fault: "kill -9 all APIs and workers",
    when: "at any time",
    packages: randomPackage,
    async strike({ instance: { apis, workers }, sending, pause }) {
      await sending(({ step }) => step !== "read");
      await pause(2_500);
      await Promise.all([...apis, ...workers].map(({ process }) => process.kill()));
    },
  },
];

/** Kills the worker that builds when a request to the registry is where `at` says. */
async function atRequest(
  { instance, builder }: Round,
  at: (incoming: IncomingMessage, response: ServerResponse) => ((strike: () => void) => void) | null,
): Promise<void> {
  await new Promise<void>((resolve) => {
    instance.setFault((incoming, response) => {
      at(
        incoming,
        response,
      )?.(() => {
        instance.setFault(null);
        resolve();
      });
      return false;
    });
  });
  await (await builder()).process.kill();
}

/** Acts right before the first such request goes on to the registry. */
function untilRequest(
  { instance }: Round,
  isIt: (incoming: IncomingMessage) => boolean,
  act: () => void,
): Promise<void> {
  return new Promise((resolve) => {
    instance.setFault((incoming) => {
      if (isIt(incoming)) {
        instance.setFault(null);
        act();
        resolve();
      }
      return false;
    });
  });
}

/** At once, before anybody can ask who holds what. */
function stopAll({ instance: { workers } }: Round): void {
  for (const { process } of workers) process.signal("SIGSTOP");
}

/** Of workers that are all stopped, one goes on only when another has ended its work. */
async function outliveLease({ instance: { db, workers }, builder }: Round): Promise<void> {
  const held = await db.work.findMany({ where: { state: "running" } });
  const late = await builder();
  for (const { process } of workers) if (process !== late.process) process.signal("SIGCONT");
  const open = { id: { in: held.map(({ id }) => id) }, state: { not: "done" } };
  while ((await db.work.count({ where: open })) > 0) await sleep(100);
  late.process.signal("SIGCONT");
  // Time to write what it must not.
  await sleep(1_000);
}

/** The registry's tag is the last that a build does before its result. */
function isVersionTag({ method, url }: IncomingMessage): boolean {
  return method === "PUT" && /\/manifests\/\d/.test(url ?? "");
}
