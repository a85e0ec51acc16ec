import { servicePrograms } from "#standalone/setup/service-programs.mjs";

/** Vitest's global setup: the programs in dist/ are those of the sources as they stand. */
export default async function provideServicePrograms(): Promise<void> {
  if (!servicePrograms.inPlace()) await servicePrograms.act();
}
