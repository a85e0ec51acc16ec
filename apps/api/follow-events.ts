import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { type EventSearch, readEvents } from "#core/access/read-events.ts";
import type { Grants } from "#core/access/roles.ts";
import type { Event } from "#core/events/event.ts";
import type { Registry } from "#core/registry.ts";
import { eventView } from "./views.ts";

const pollMs = 250;
const batch = 500;
/** Proxies end a connection that is silent for a minute. */
const keepAliveMs = 15_000;

/** Server-sent events (WHATWG HTML §9.2), without an end: the kind as `event`, the number as `id`. While nothing fits, an
 *  `id` alone moves the client on, so that it does not look at all of it again when it comes back. `grantsNow` is asked each
 *  time: rights may change meanwhile. */
export function followEvents(
  registry: Pick<Registry, "db">,
  search: Omit<EventSearch, "limit">,
  { grantsNow, signal }: { grantsNow: () => Grants; signal: AbortSignal },
): Readable {
  return Readable.from(
    (async function* () {
      let { after } = search;
      let silentSince = Date.now();
      while (!signal.aborted) {
        const page = await readEvents(registry, { ...search, after, limit: batch, grants: grantsNow() });
        after = page.after;
        if (page.items.length > 0) yield page.items.map(sent).join("");
        else if (Date.now() - silentSince > keepAliveMs) yield `: waiting\nid: ${after}\n\n`;
        if (page.items.length > 0 || Date.now() - silentSince > keepAliveMs) silentSince = Date.now();
        if (after >= page.head) await sleep(pollMs, undefined, { signal }).catch(() => {});
      }
    })(),
    { objectMode: false },
  );
}

function sent(event: Event): string {
  return `id: ${event.sequence}\nevent: ${event.kind}\ndata: ${JSON.stringify(eventView(event))}\n\n`;
}
