import { expect, it } from "vitest";
import { parseReference } from "./reference.ts";

const digest = `sha256:${"a".repeat(64)}`;

it.each([
  [
    `registry.company:5000/library/python@${digest}`,
    { host: "registry.company:5000", repository: "library/python", digest },
  ],
  [`127.0.0.1:5000/python:3.12-slim@${digest}`, { host: "127.0.0.1:5000", repository: "python", digest }],
])("reads %s", (text, reference) => {
  expect(parseReference(text)).toEqual(reference);
});

it.each(["python:3.12", `python@${digest}`, `host/python@sha256:12`, ""])(
  "refuses %j, which does not pin an image",
  (text) => {
    expect(() => parseReference(text)).toThrow(/write host\/repository@sha256/);
  },
);
