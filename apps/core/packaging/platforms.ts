/** What images are made for, in the order in which an index lists them. */
export const platforms = ["linux/amd64", "linux/arm64"] as const;
export type Platform = (typeof platforms)[number];

/** The one that commands are run for: an image for another is put together alone. */
export const runnable = "linux/amd64" satisfies Platform;

export type Architecture = "amd64" | "arm64";

export const architectureOf: Readonly<Record<Platform, Architecture>> = {
  "linux/amd64": "amd64",
  "linux/arm64": "arm64",
};

export function isPlatform(text: unknown): text is Platform {
  return platforms.some((platform) => platform === text);
}
