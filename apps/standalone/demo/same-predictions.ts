/** Equal in shape and text, numbers to within 1e-6. */
export function samePredictions(one: unknown, other: unknown): boolean {
  if (typeof one === "number" && typeof other === "number") return Math.abs(one - other) <= 1e-6;
  if (Array.isArray(one) && Array.isArray(other))
    return one.length === other.length && one.every((item, index) => samePredictions(item, other[index]));
  if (isObject(one) && isObject(other)) {
    const names = Object.keys(one);
    return (
      names.length === Object.keys(other).length &&
      names.every((name) => Object.hasOwn(other, name) && samePredictions(one[name], other[name]))
    );
  }
  return one === other;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
