/** An entity tag of a list, and whether it is weak. */
const entityTag = /(?:W\/)?"([!#-~\u0080-\u00FF]*)"/g;

/**
 * Whether the client has the representation with this opaque tag already (RFC 9110, 13.1.2): `*`, or a list in which the
 * tag stands. The comparison is weak, so that `W/` makes no difference.
 */
export function hasAlready(headers: Headers, opaqueTag: string): boolean {
  const condition = headers.get("if-none-match");
  if (condition === null) return false;
  if (condition.trim() === "*") return true;
  for (const [, tag] of condition.matchAll(entityTag)) if (tag === opaqueTag) return true;
  return false;
}

/** Whether the client takes gzip (RFC 9110, 12.5.3): it is named, or `*` is, with a weight above zero. */
export function takesGzip(headers: Headers): boolean {
  const codings = headers.get("accept-encoding")?.toLowerCase().split(",") ?? [];
  let others = false;
  for (const coding of codings) {
    const [name = "", ...parameters] = coding.split(";").map((part) => part.trim());
    const weight = parameters.find((parameter) => parameter.startsWith("q="));
    const isTaken = weight === undefined || Number(weight.slice(2)) > 0;
    if (name === "gzip" || name === "x-gzip") return isTaken;
    if (name === "*") others = isTaken;
  }
  return others;
}
