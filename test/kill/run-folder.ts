import { rmSync } from "node:fs";
import type { TestProject } from "vitest/node";
import { makeRunFolder } from "#test/run-folder.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** Of this run of the suite: the warm instance is kept there. */
    runFolder: string;
  }
}

/** Vitest's global setup of the kill suite. */
export default async function provideRunFolder(project: TestProject): Promise<() => void> {
  const folder = await makeRunFolder();
  project.provide("runFolder", folder);
  return () => rmSync(folder, { recursive: true, force: true });
}
