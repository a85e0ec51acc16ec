import { SlipwayError } from "#core/errors.ts";
import { isTag, isTaken } from "#core/models/tag-grammar.ts";

/** A tag that is moved by promotion: OCI distribution-spec tag grammar, and none of the names that have a
 *  meaning of their own. */
export type TagName = string & { readonly tagName: unique symbol };

/** Of those too that follow versions by rule. Throws `invalid_tag`. */
export function parseAnyTag(text: string): string {
  const tag = text.slice(0, 200);
  if (!isTag(text))
    throw new SlipwayError(
      "invalid_tag",
      `"${tag}" is no tag: letters, digits, ".", "_" and "-", at most 128, not starting with "." or "-"`,
    );
  if (isTaken(text))
    throw new SlipwayError(
      "invalid_tag",
      `"${tag}" is no tag: a full version names itself, and sha256-… belongs to the registry`,
    );
  return text;
}

/** Throws `invalid_tag`, and `tag_reserved` for tags that follow versions by rule. */
export function parseTagName(text: string): TagName {
  const tag = parseAnyTag(text);
  if (isFloating(tag))
    throw new SlipwayError(
      "tag_reserved",
      `"${tag}" moves by rule only: use a name of your own, such as stable or prod`,
    );
  return tag as TagName;
}

/** Those of the tags that are moved by promotion, which hold in place what they point at. */
export function promotedTags(tags: readonly string[]): string[] {
  return tags.filter((tag) => !isFloating(tag));
}

/** Throws `version_in_use` where one of the tags that point at the version is moved by promotion. */
export function requireNoPromotedTag({
  model,
  version,
  tags,
}: {
  model: string;
  version: string;
  tags: string[];
}): void {
  const promoted = promotedTags(tags);
  if (promoted.length > 0)
    throw new SlipwayError(
      "version_in_use",
      `${model}:${version} is in use: move ${promoted.join(", ")} to another version first`,
    );
}

/** A tag that follows versions by rule, in whatever case: `latest`, `1`, `1.2`, and `latest-rc` for pre-releases. */
export const floatingSource = "^(?:latest(?:-.*)?|[0-9]+(?:[.][0-9]+)?)$";
const floating = new RegExp(floatingSource, "i");

/** Whether it follows versions by rule. `LATEST` would be read as one that does. */
export function isFloating(tag: string): boolean {
  return floating.test(tag);
}
