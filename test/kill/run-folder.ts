import { rmSync } from "node:fs";
import type { TestProject } from "vitest/node";
import { madeFolderIn, makeRunFolder } from "#test/run-folder.ts";

/** Vitest's global setup of the kill suite. */
export default async function provideRunFolder(project: TestProject): Promise<() => void> {
  const folder = await makeRunFolder();
  project.provide("madeFolder", madeFolderIn(folder));
  return () => rmSync(folder, { recursive: true, force: true });
}
