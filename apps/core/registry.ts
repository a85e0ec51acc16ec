import type { BlobStore } from "./artifacts/blob-store.ts";
import type { Config } from "./config.ts";
import type { Database } from "./database/client.ts";
import type { Logger } from "./logger.ts";
import type { Doorbell } from "./work/queue.ts";

/** What a process is made of; made once in its main.ts. Functions ask for just what they use. */
export interface Registry {
  config: Config;
  db: Database;
  blobs: BlobStore;
  doorbell: Doorbell;
  log: Logger;
}

/** Who does a thing, and in which request. */
export interface Actor {
  name: string;
  requestId: string | null;
  /** That it was asked from, and by which token. */
  address: string | null;
  tokenId: string | null;
}

/** Slipway itself, of its own accord or for the request that has asked for it. */
export function slipwayActor(requestId: string | null = null): Actor {
  return { name: "slipway", requestId, address: null, tokenId: null };
}
