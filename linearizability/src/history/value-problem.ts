const maxDepth = 100;

/** What is wrong with a value that is no JSON, or lies too deep in itself; undefined for nothing. */
export function valueProblem(value: unknown, depth = 0): string | undefined {
  if (value === null || typeof value === "string" || typeof value === "boolean") return undefined;
  if (typeof value === "number") return Number.isFinite(value) ? undefined : `has ${value}, which is no JSON`;
  if (typeof value !== "object") return `has ${typeof value}, which is no JSON`;
  if (depth === maxDepth) return `lies more than ${maxDepth} deep in itself`;
  if (!Array.isArray(value) && !isPlain(value)) return "has an object of a class, which is no JSON";
  for (const item of Array.isArray(value) ? value : Object.values(value)) {
    const problem = valueProblem(item, depth + 1);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** Also an object of another realm, as in tests of Jest: its prototype is the last one. */
function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value) as object | null;
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
