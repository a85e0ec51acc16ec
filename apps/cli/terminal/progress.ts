import { SingleBar } from "cli-progress";
import type { Screen } from "./screen.ts";
import { bytesText, timeText } from "./units.ts";

export interface Progress {
  add(bytes: number): void;
  end(): void;
}

/** A bar of bytes with rate and time left, on a terminal alone. `doneBytes` are there already and count for no rate. */
export function showProgress(screen: Screen, title: string, totalBytes: number, doneBytes = 0): Progress {
  if (!screen.interactive || totalBytes === 0) return { add: () => {}, end: () => {} };
  const begunAt = Date.now();
  let done = doneBytes;
  /** The longest of them that there is room for. */
  const texts = () => {
    const rate = (done - doneBytes) / Math.max(0.001, (Date.now() - begunAt) / 1_000);
    const left = rate > 0 ? `, ${timeText((totalBytes - done) / rate)} left` : "";
    const bytes = `${title} ${bytesText(done)} of ${bytesText(totalBytes)}`;
    return [`${bytes}, ${bytesText(rate)}/s${left}`, `${bytes}${left}`, bytes, title];
  };
  const bar = new SingleBar({
    stream: process.stderr,
    hideCursor: true,
    clearOnComplete: true,
    fps: 8,
    format: ({ barCompleteString = "", barIncompleteString = "" }, { progress }) => {
      const columns = process.stderr.columns ?? 80;
      const told = texts().find((text) => text.length < columns) ?? "";
      const cells = Math.min(24, columns - told.length - 2);
      if (cells < 5) return told;
      const full = Math.round(progress * cells);
      return `${barCompleteString.slice(0, full)}${barIncompleteString.slice(0, cells - full)} ${told}`;
    },
    barCompleteChar: "█",
    barIncompleteChar: "░",
  });
  bar.start(totalBytes, doneBytes);
  return {
    add(bytes) {
      done += bytes;
      bar.update(Math.min(done, totalBytes));
    },
    end: () => bar.stop(),
  };
}
