import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { packageWithLargeFile, randomPackage } from "../packages.ts";
import type { Moment, Outage } from "./moment.ts";

export const momentsOfTheRegistry = ({ ms }: Outage): Moment[] => [
  {
    fault: "registry killed",
    when: "in the middle of a push",
    packages: packageWithLargeFile,
    async strike({ instance: { registry, registryProxy }, pause }) {
      const seen = registryProxy.seen.length;
      while (registryProxy.seen.length < seen + 3) await sleep(2);
      await pause(100);
      await registry.kill();
      await sleep(ms / 2);
      await registry.start();
    },
  },
  forAWhile("answers 500", ms, (_incoming, response) => {
    response.writeHead(500).end();
    return true;
  }),
  forAWhile("cuts connections", ms, (incoming) => {
    const { socket } = incoming;
    incoming.once("data", () => socket.destroy());
    setTimeout(() => socket.destroy(), 50);
    return true;
  }),
  forAWhile("never answers", ms, () => true),
  forAWhile("says that it keeps a manifest under another digest", ms, (incoming, response) => {
    if (!isManifest(incoming)) return false;
    response.writeHead(201, { "docker-content-digest": `sha256:${"0".repeat(64)}` }).end();
    return true;
  }),
  forAWhile("says that it took a manifest that it did not take", ms, (incoming, response) => {
    if (!isManifest(incoming)) return false;
    response.writeHead(201).end();
    return true;
  }),
];

function isManifest({ method, url }: IncomingMessage): boolean {
  return method === "PUT" && url !== undefined && url.includes("/manifests/");
}

/** For a time that begins with the first of them, requests of the workers to the registry are met by `answer`, where it
 *  says that it deals with them; whoever waits at the end is cut off. */
function forAWhile(
  fault: string,
  ms: number,
  answer: (incoming: IncomingMessage, response: ServerResponse) => boolean,
): Moment {
  return {
    fault: `registry ${fault}`,
    when: `for ${ms / 1_000} s of a push`,
    packages: randomPackage,
    async strike({ instance }) {
      const met = new Set<Socket>();
      await new Promise<void>((begun) => {
        instance.setFault((incoming, response) => {
          if (!answer(incoming, response)) return false;
          incoming.resume();
          met.add(incoming.socket);
          begun();
          return true;
        });
      });
      await sleep(ms);
      instance.setFault(null);
      for (const socket of met) socket.destroy();
    },
  };
}
