import { describe, expect, it } from "vitest";
import type { EngineConfig } from "#core/config.ts";
import { checkDockerfile } from "./check-dockerfile.ts";

const listed: EngineConfig["ownDockerfiles"] = { allowed: true, bases: ["python", "ghcr.io/acme/*"] };
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
    ["# syntax=docker/dockerfile:1\r\nFROM \\\r\n# a comment\r\n\r\n  ghcr.io/acme/base:1\r\nADD x.tar /"],
    ['FROM python\nADD ["a b.tar", "/x"]\nRUN echo "a\\tb" \\\n  && cat <<<x'],
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
    ["FROM python\nLABEL a=b dev.slipway.build-until=9e15", /line 2: .*Slipway's own/],
    ['FROM python\nLABEL a=b "dev.slip"way.build-\\run=x', /line 2: .*Slipway's own/],
    ["FROM python\nENV K=x\nLABEL $K \\\n\n# end\n", /line 3: .*no line follows/],
    ["FROM python\nVOLUME /data", /line 2: .*VOLUME/],
    ["FROM --platform=linux/arm64 python", /line 1: .*linux\/arm64/],
    ["FROM python\n# x\r\\\nADD http://a /b", /line 2: .*control character/],
    ["FROM python\n\u0085ADD http://a /b", /line 2: .*control character/],
    ["FROM python\n# x\u2028\\\nADD http://a /b", /line 2: .*control character/],
    ["FROM python\nRUN x \\\n\ufeff# y\nADD http://a /b", /line 3: .*control character/],
    ["# foo=1\n# escape=\\\nFROM python", /line 2: .*escape/],
    ["# escape=`\nFROM python", /line 1: .*escape/],
    ["FROM python\nRUN echo \\\\\nFROM debian", /line 2: .*two backslashes/],
    ["FROM python\nRUNN x", /line 2: "RUNN" is no instruction/],
    ["FROM python\nCRE\u212aTE x", /is no instruction/],
    ['FROM python\nCOPY --fr""om=debian /a /b', /line 2: .*quotes/],
    ["FROM python\nCOPY --fr\\om=debian /a /b", /line 2: .*quotes/],
    ["FROM python\nCOPY --chown=1\u00e0--from=debian /a /b", /line 2: .*quotes/],
    ["FROM python\nCOPY -- --from=debian /b", /line 2: .*--/],
    ["FROM python\nADD http:\\//169.254.169.254/ /x", /line 2: .*quotes/],
    ['FROM python\nADD ht""tp://169.254.169.254/ /x', /line 2: .*quotes/],
    ['FROM python\nADD ["http:\\\\//169.254.169.254/", "/x"]', /line 2: .*quotes/],
    ['FROM python\nADD ["http:\\u002f/169.254.169.254/", "/x"]', /line 2: .*quotes/],
    ['FROM python\nADD ["a", "/x"] http://a', /line 2: .*quotes/],
    ['FROM "debian"', /line 1: .*quotes/],
    ["FROM python\nRUN cat <<.x\nADD http://a /b\n.x", /here-document/],
    ["FROM python AS a\nFROM python\nCOPY --from=-1 /a /b", /"-1" is no image/],
    ["FROM python AS a\nFROM python\nCOPY --from=0.5 /a /b", /"0.5" is no image/],
    ["FROM python AS a\nFROM python\nCOPY --from=0e0 /a /b", /"0e0" is no image/],
  ])("that goes past it is refused: %j", (text, reason) => {
    expect(faultOf(text)).toMatch(reason);
  });

  it("names what it stands on and copies from, where any image may be used as well", () => {
    const any = { allowed: true, bases: null };
    const text = "FROM debian AS a\nFROM a\nCOPY --from=busybox:1 /a /b\nFROM scratch\nCOPY --from=0 /a /b";
    expect(checkDockerfile(text, any)).toMatchObject({ images: ["debian", "busybox:1"], bases: ["debian"] });
    expect(faultOf("ARG B=debian\nFROM $B", any)).toMatch(/holds a variable/);
    expect(faultOf("FROM debian/../../containers/x", any)).toMatch(/is no image's name/);
    expect(faultOf("FROM debian?x=1", any)).toMatch(/is no image's name/);
  });

  it("is not built at all where that is switched off", () => {
    expect(faultOf("FROM python", { ...listed, allowed: false })).toMatch(/SLIPWAY_OWN_DOCKERFILES is off/);
  });
});
