import { describe, expect, it } from "vitest";
import { reasonLine, uvReason } from "./uv-reason.ts";

/* Said by uv 0.13 and 0.4. */
const conflict = `Using CPython 3.11.2 interpreter at: /x/usr/bin/python3.11
error: No solution found when resolving dependencies
  cause: Because scikit-learn==1.5.2 depends on scipy>=1.6.0 and you require scikit-learn==1.5.2, we can conclude that you require scipy>=1.6.0.
         And because you require scipy<1.0, we can conclude that your requirements are unsatisfiable.

hint: something else
`;
const conflictOfOld = `  × No solution found when resolving dependencies:
  ╰─▶ Because scikit-learn==1.5.2 depends on scipy>=1.6.0 and you require
      scikit-learn==1.5.2, we can conclude that you require scipy>=1.6.0.
      And because you require scipy<1.0, we can conclude that your
      requirements are unsatisfiable.
`;
const network = `error: Request failed after 3 retries in 8.0s
  cause: Failed to fetch: http://127.0.0.1:9/simple/fastapi/
  cause: tcp connect error
  cause: Connection refused (os error 111)
`;
const mismatch = `Resolved 1 package in 35ms
error: Failed to download \`idna==3.20\`
  cause: Hash mismatch for \`idna==3.20\`

         Expected:
           sha256:0000
`;

describe("uv's reason", () => {
  it.each([
    ["new", conflict],
    ["old", conflictOfOld],
  ])("is one line, as the %s uv writes it", (_, stderr) => {
    const reason = uvReason(stderr);
    expect(reason.title).toBe("No solution found when resolving dependencies");
    expect(reasonLine(reason)).toBe(
      "Because scikit-learn==1.5.2 depends on scipy>=1.6.0 and you require scikit-learn==1.5.2, we can conclude that " +
        "you require scipy>=1.6.0. And because you require scipy<1.0, we can conclude that your requirements are unsatisfiable.",
    );
  });

  it("joins a chain of causes", () => {
    expect(reasonLine(uvReason(network))).toBe(
      "Failed to fetch: http://127.0.0.1:9/simple/fastapi/: tcp connect error: Connection refused (os error 111)",
    );
    expect(reasonLine(uvReason(mismatch))).toBe("Hash mismatch for `idna==3.20` Expected: sha256:0000");
  });

  it("is the title where there is no cause, and whatever was said where there is no title", () => {
    expect(reasonLine(uvReason("error: the disk is full\n"))).toBe("the disk is full");
    expect(reasonLine(uvReason("thread 'main' panicked\n"))).toBe("thread 'main' panicked");
    expect(reasonLine(uvReason(""))).toBe("no message");
  });

  it("is never longer than a person reads", () => {
    expect(reasonLine(uvReason(`error: ${"very ".repeat(1_000)}long`)).length).toBeLessThanOrEqual(601);
  });
});
