import { Type } from "typebox";
import { closed, imageFields, nullable, Time } from "./schemas.ts";

/** An image by itself: as the version has it, and how it fares in its registry. */
export const VersionImage = Type.Object({
  ...imageFields,
  changedAt: Time,
  checkedAt: Time,
  freedBytes: nullable(
    Type.Integer({ description: "Of a removed one: what the registry can give back at its own collection" }),
  ),
  createdAt: Time,
});

const Count = (description: string) => Type.Integer({ minimum: 1, maximum: 100_000, description });
const days = { minimum: 0, maximum: 36_500 };
export const keepingFields = {
  keepLast: Type.Optional(Count("The images of so many versions stay, those that were made last")),
  keepDays: Type.Optional(Type.Integer({ ...days, minimum: 1, description: "Images that are younger stay" })),
  afterTagDays: Type.Optional(
    Type.Integer({ ...days, description: "An image stays for so long after a tag has left it; 30 where left out" }),
  ),
};
export const RetentionSettings = Type.Object(keepingFields, {
  ...closed,
  description: "What keeps an image besides the tags that point at it: keepLast, keepDays, or both",
});
const keeping = {
  keepLast: nullable(Type.Integer()),
  keepDays: nullable(Type.Integer()),
  afterTagDays: Type.Integer(),
};
export const RetentionRule = Type.Object({
  pattern: Type.String(),
  ...keeping,
  changedAt: Time,
  changedBy: Type.String(),
});

export const RetentionPreview = Type.Object({
  model: Type.String(),
  rule: nullable(
    Type.Object(
      { pattern: nullable(Type.String()), ...keeping },
      { description: "Null where no rule is for the model: then all images stay" },
    ),
  ),
  going: Type.Integer({ description: "Images that go, on all pages" }),
  freedBytes: Type.Integer({ description: "What the registry can give back for them" }),
  items: Type.Array(
    Type.Object({
      version: Type.String(),
      reference: Type.String(),
      digest: Type.String(),
      createdAt: Time,
      decision: Type.Enum(["stays", "goes"]),
      why: Type.String(),
      freedBytes: Type.Integer(),
    }),
  ),
  nextCursor: nullable(Type.String()),
});
