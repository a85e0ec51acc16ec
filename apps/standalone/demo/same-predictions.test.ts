import { expect, it } from "vitest";
import { samePredictions } from "./same-predictions.ts";

it.each([
  [[1, 2], [1, 2.0000005], true],
  [[1, 2], [1, 2.00001], false],
  [[1, 2], [1], false],
  [[{ label: "a", score: 0.5 }], [{ label: "a", score: 0.5 }], true],
  [[{ label: "a" }], [{ label: "b" }], false],
  [[{ label: "a" }], [{ name: "a" }], false],
  [[{ label: "a" }], [{ label: "a", score: 1 }], false],
  [[null], [null], true],
  [[true], [1], false],
  [undefined, [1], false],
])("%j and %j: %s", (one, other, same) => {
  expect(samePredictions(one, other)).toBe(same);
});
