import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { whenDone } from "./when-done.ts";

/** An empty folder, removed when the test, the `describe` or the file that asked for it ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "slipway-"));
  chmodSync(folder, 0o711); // Postgres may run as another user
  // What is just being killed may still write.
  whenDone(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10 }));
  return folder;
}
