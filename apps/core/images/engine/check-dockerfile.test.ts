import { describe, expect, it } from "vitest";
import { checkDockerfile } from "./check-dockerfile.ts";

const listed = { allowed: true, bases: ["python", "ghcr.io/acme/*"] };
const faultOf = (text: string, rules = listed): string => {
  try {
    checkDockerfile(text, rules);
  } catch (error) {
    return (error as Error).message;
  }
  return "";
};

describe("a Dockerfile", () => {
  it.each([
    ["FROM python:3.12-slim\nRUN true"],
    ["from --platform=linux/amd64 docker.io/library/python@sha256:12 as Build\nFROM build\nCOPY --from=0 /a /b"],
    ["# syntax=docker/dockerfile:1\n# escape=`\nFROM `\n# a comment\n\n  ghcr.io/acme/base:1\nADD C:\\x.tar /"],
    ["ARG V=1\nFROM python AS a\nFROM scratch\nCOPY --chown=1:1 --from=A /x /y"],
  ])("stands on what is on the list: %j", (text) => {
    expect(faultOf(text)).toBe("");
  });

  it.each([
    ["FROM debian", /line 1: "debian" is no image/],
    ["FROM pythonista", /no image that this registry builds on/],
    ["FROM ghcr.io/acmeevil/x", /no image/],
    ["FROM \\\n# python\n  debian", /"debian" is no image/],
    ["ARG B=debian\nFROM $B", /holds a variable/],
    ["FROM python\nCOPY --from=debian /a /b", /"debian" is no image/],
    ["FROM python\nCOPY --from=0 /a /b", /"0" is no image/],
    ["FROM python\nADD --chown=1 http://169.254.169.254/ /x", /fetch "http:/],
    ['FROM python\nADD ["https://a/b", "/x"]', /fetch "https:/],
    ["FROM python\nADD $URL /x", /fetch "\$URL"/],
    ["FROM python\nADD git@host:a/b /x", /fetch "git@/],
    ["FROM python\nRUN --mount=type=bind,from=debian true", /--mount needs BuildKit/],
    ["FROM python\nRUN <<EOF\nid\nEOF", /here-document needs BuildKit/],
    ["FROM python\nONBUILD ADD http://a /b", /ONBUILD/],
    ["RUN true", /has no FROM/],
  ])("that goes past it is refused: %j", (text, reason) => {
    expect(faultOf(text)).toMatch(reason);
  });

  it("is not built at all where that is switched off", () => {
    expect(faultOf("FROM python", { ...listed, allowed: false })).toMatch(/SLIPWAY_OWN_DOCKERFILES is off/);
  });
});
