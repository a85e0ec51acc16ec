import { describe, expect, it } from "vitest";
import { type DockerfileInput, dockerfile } from "./dockerfile.ts";

const digest = `sha256:${"a".repeat(64)}`;
const plain: DockerfileInput = {
  spec: { environment: {}, systemPackages: [] },
  base: { reference: `host/python:3.11-slim@${digest}`, environment: {} },
  labels: {},
  requirementsFile: "requirements.txt",
  requireHashes: false,
};
const instructionsOf = (text: string) => text.split("\n").map((line) => line.split(" ", 1)[0]);

describe("the Dockerfile of a package", () => {
  it("installs before it copies the model, pins every base, and is run by nobody's root", () => {
    const text = dockerfile({ ...plain, spec: { ...plain.spec, systemPackages: ["libgomp1", "libpq5=15.*"] } });
    const froms = text.split("\n").filter((line) => line.startsWith("FROM"));
    expect(froms.every((line) => line.includes(`@${digest}`))).toBe(true);
    expect(text.indexOf("pip")).toBeLessThan(text.indexOf("/package/"));
    expect(text).toContain("install --yes --no-install-recommends libgomp1 libpq5=15.* &&");
    expect(text).toContain("\nUSER 65532:65532\n");
    expect(text).toContain('CMD ["slipway-runtime", "health"]\n');
    expect(text).not.toContain("curl");
  });

  it.each([
    'x"\nRUN rm -rf /\n',
    "$(id) $PATH \\",
    '\r\n"; USER root',
    "a\u2028USER root\u0085USER root",
    "\\",
    "\ud800",
  ])("keeps %j within its instruction", (hostile) => {
    const environment = { ZONE: hostile };
    const labels = { team: hostile };
    const text = dockerfile({ ...plain, spec: { environment, systemPackages: [] }, labels });
    const without = dockerfile({
      ...plain,
      spec: { environment: { ZONE: "b" }, systemPackages: [] },
      labels: { team: "b" },
    });
    const unwritten = text.includes("# ZONE holds a line break") ? ["#"] : [];
    expect(instructionsOf(text).filter((word) => word !== "#" && (unwritten.length === 0 || word !== "ENV"))).toEqual(
      instructionsOf(without).filter((word) => word !== "#" && (unwritten.length === 0 || word !== "ENV")),
    );
    for (const line of text.split("\n").filter((each) => /^(?:ENV ZONE|LABEL)/.test(each)))
      expect(line).toMatch(/^(?:ENV|LABEL) \w+=(?:\w+|"(?:[^"\\$\p{Cc}]|\\["\\$])*")$/u);
  });

  it("brings Python to a bare Debian, and pip to the stage that installs", () => {
    const spec = { environment: {}, systemPackages: ["python3-torch"] };
    const [dependencies, , last] = dockerfile({ ...plain, spec, bareDebian: true })
      .split(/\n\n(?=FROM)/)
      .slice(1);
    expect(dependencies).toContain("install --yes --no-install-recommends python3-pip &&");
    expect(last).toContain("install --yes --no-install-recommends python3 python3-torch &&");
    expect(last).not.toContain("pip");
  });

  it("takes no base that is not pinned, and no package's name that is more than a name", () => {
    const base = { reference: "python:3.11-slim", environment: {} };
    expect(() => dockerfile({ ...plain, base })).toThrow("pinned by digest");
    const spec = { environment: {}, systemPackages: ["libgomp1; id"] };
    expect(() => dockerfile({ ...plain, spec })).toThrow("no name of a Debian package");
  });
});
