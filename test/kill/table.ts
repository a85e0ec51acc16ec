export interface PlayedRound {
  fault: string;
  when: string;
  /** False where the moment did not come in time. */
  came: boolean;
  /** From the first request until all was well and verified. */
  ms: number;
  /** All that there are by now. */
  bytesWithoutRow: number;
  unfinishedParts: number;
}

/** What was done to the service, how often, and how long until all was well and verified. */
export function tableOf(played: readonly PlayedRound[]): string {
  const groups = new Map<string, PlayedRound[]>();
  for (const round of played) {
    const name = `${round.fault} | ${round.when}`;
    groups.set(name, [...(groups.get(name) ?? []), round]);
  }
  const rows = [...groups].map(([name, rounds]) => {
    const seconds = Math.max(...rounds.map(({ ms }) => ms)) / 1_000;
    return `| ${name} | ${rounds.length} | ${rounds.filter(({ came }) => came).length} | ${seconds.toFixed(1)} |`;
  });
  const last = played.at(-1);
  return [
    "| fault | moment | rounds | came | longest (s) |",
    "|---|---|---|---|---|",
    ...rows,
    `${played.length} rounds verified in ${(played.reduce((sum, { ms }) => sum + ms, 0) / 1_000).toFixed(0)} s; left on disk for ` +
      `the collector: ${last?.bytesWithoutRow ?? 0} blobs without a row, ${last?.unfinishedParts ?? 0} unfinished parts`,
  ].join("\n");
}
