import { orAborted } from "../or-aborted.ts";
import type { BuildContext } from "./image-builder.ts";

type Work<T> = (context: BuildContext) => Promise<T>;

/** Work that several builds of this process need at once is done once. Each build sees all its log lines and may leave
 *  when it is cancelled; when the last one has left, the work is aborted. */
export function shareWork<T>(): (key: string, context: BuildContext, work: Work<T>) => Promise<T> {
  const running = new Map<string, Shared<T>>();
  return async (key, context, work) => {
    context.signal.throwIfAborted();
    let shared = running.get(key);
    if (shared === undefined) {
      const started = new Shared(work);
      const forget = (): void => {
        if (running.get(key) === started) running.delete(key);
      };
      started.abandoned.addEventListener("abort", forget);
      started.result.then(forget, forget);
      running.set(key, started);
      shared = started;
    }
    return shared.takePart(context);
  };
}

class Shared<T> {
  readonly result: Promise<T>;
  readonly #abort = new AbortController();
  readonly #members = new Set<BuildContext>();
  readonly #lines: string[] = [];
  #ended = false;

  constructor(work: Work<T>) {
    // A turn later, when the first member is there to see the first line.
    this.result = Promise.resolve()
      .then(() => work({ log: (line) => this.#log(line), signal: this.#abort.signal }))
      .finally(() => {
        this.#ended = true;
      });
  }

  get abandoned(): AbortSignal {
    return this.#abort.signal;
  }

  async takePart(context: BuildContext): Promise<T> {
    for (const line of this.#lines) context.log(line);
    this.#members.add(context);
    try {
      return await orAborted(this.result, context.signal);
    } finally {
      this.#members.delete(context);
      if (this.#members.size === 0 && !this.#ended) this.#abort.abort(new Error("no build needs this any more"));
    }
  }

  #log(line: string): void {
    this.#lines.push(line);
    for (const member of this.#members) member.log(line);
  }
}
