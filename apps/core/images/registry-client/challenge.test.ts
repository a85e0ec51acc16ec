import { expect, it } from "vitest";
import { parseChallenges } from "./challenge.ts";

it.each([
  ['Basic realm="Registry Realm"', [{ scheme: "basic", parameters: { realm: "Registry Realm" } }]],
  [
    'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push"',
    [
      {
        scheme: "bearer",
        parameters: {
          realm: "https://auth.docker.io/token",
          service: "registry.docker.io",
          scope: "repository:a/b:pull,push",
        },
      },
    ],
  ],
  [
    'BEARER Realm="https://a/?x=1, y" , Service = plain, Basic realm="two"',
    [
      { scheme: "bearer", parameters: { realm: "https://a/?x=1, y", service: "plain" } },
      { scheme: "basic", parameters: { realm: "two" } },
    ],
  ],
  ['Bearer realm="a \\"quoted\\" one"', [{ scheme: "bearer", parameters: { realm: 'a "quoted" one' } }]],
  [
    "Negotiate, Basic",
    [
      { scheme: "negotiate", parameters: {} },
      { scheme: "basic", parameters: {} },
    ],
  ],
  ["", []],
])("reads %s", (header, challenges) => {
  expect(parseChallenges(header)).toEqual(challenges);
});
