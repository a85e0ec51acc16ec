import { it } from "vitest";
import { killUnderUploads } from "./kill-under-uploads.ts";
import { killSettings } from "./settings.ts";

const { seed } = killSettings(process.env);

it(`keeps what it acknowledged of 140 uploads while its APIs are killed, and nothing else (seed ${seed})`, async () => {
  await killUnderUploads({ seed, uploads: 140, ways: ["put", "resume"], s3: null, settings: {} });
}, 400_000);
