import { describe, expect, it } from "vitest";
import { compareAnswer } from "./compare-answer.ts";

const compare = (predictions: unknown, expected: unknown[]) =>
  compareAnswer({ predictions }, { predictions: expected });

describe("an answer", () => {
  it("is as expected where all is the same, whatever else it has beside", () => {
    const answer = { predictions: [{ label: "cat", scores: [0.5, null] }], model: "pets", version: "1.0.0" };
    expect(compareAnswer(answer, { predictions: [{ label: "cat", scores: [0.5, null] }] })).toBeNull();
  });

  it("may differ in the last digits of a number that is not whole", () => {
    expect(compare([0.123456789], [0.12345678])).toBeNull();
    expect(compare([1e-9], [0])).toBeNull();
    expect(compare([0.1235], [0.1234])).toBe("predictions[0] is 0.1235, expect says 0.1234");
    expect(compare([-5], [5])).toBe("predictions[0] is -5, expect says 5");
  });

  it("has its whole numbers to the last one", () => {
    expect(compare([1_234_567], [1_234_568])).toBe("predictions[0] is 1234567, expect says 1234568");
    expect(compare([3.00000001], [3])).toBeNull();
  });

  it("is another where a kind, a length or a key is", () => {
    expect(compare(["1"], [1])).toBe('predictions[0] is "1", expect says 1');
    expect(compare([null], [0])).toBe("predictions[0] is null, expect says 0");
    expect(compare([1, 2], [1])).toBe("predictions has 2 items, expect says 1");
    expect(compare({ 0: 1 }, [1])).toBe('predictions is {"0":1}, expect says [1]');
    expect(compare([{ a: 1 }], [{ a: 1, b: 2 }])).toBe('predictions[0] has no "b"');
    expect(compare([{ a: 1, b: 2 }], [{ a: 1 }])).toBe('predictions[0] has "b", of which expect says nothing');
    expect(compareAnswer({ outputs: [1] }, { predictions: [1] })).toBe("the answer has no predictions");
    expect(compareAnswer("no JSON", { predictions: [1] })).toBe("the answer is no JSON object");
  });

  it("is shown in part where it is long", () => {
    expect(compare(["x".repeat(10_000)], ["y"])?.length).toBeLessThan(200);
  });
});
