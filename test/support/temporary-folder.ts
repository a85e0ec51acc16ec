import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";

/** An empty folder, removed when the file or the `describe` that asked for it ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "slipway-"));
  chmodSync(folder, 0o711); // Postgres may run as another user
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
