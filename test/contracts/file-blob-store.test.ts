import { readdir } from "node:fs/promises";
import { fileBlobStore } from "#core/artifacts/file-blob-store.ts";
import { temporaryFolder } from "#test/temporary-folder.ts";
import { describeBlobStore } from "./blob-store.ts";

describeBlobStore("files", () => {
  const folder = temporaryFolder();
  return {
    store: fileBlobStore(folder),
    broken: fileBlobStore("/dev/null/artifacts"),
    objects: async () => {
      const entries = await readdir(folder, { recursive: true, withFileTypes: true });
      return entries
        .filter((entry) => entry.isFile())
        .map((entry) => entry.name)
        .sort();
    },
  };
});
