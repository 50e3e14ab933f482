/**
 * Where a string in quotes ends, which begins at a place: the place after it, or undefined where its quote stays open.
 * Without a pattern: in long strings those of JavaScript run out of room, and then find nothing.
 */
export function afterString(text: string, from: number): number | undefined {
  for (let at = from + 1; at < text.length; at++) {
    if (text[at] === '"') return at + 1;
    if (text[at] === "\\") at++;
  }
  return undefined;
}
