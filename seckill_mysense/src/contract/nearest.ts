/** More changes than this make another word of it. */
const maxDistance = 3;

/** The known word that is nearest to a mistyped one; undefined when none is near. */
export function nearest(typed: string, known: readonly string[]): string | undefined {
  const allowed = Math.min(maxDistance, Math.floor(typed.length / 2));
  const ranked = known
    // Of "--conf" the option is as certain as of one wrong letter.
    .map((word) => ({ word, distance: isBeginning(typed, word) ? 0.5 : distanceOf(typed, word) }))
    .toSorted((a, b) => a.distance - b.distance);
  const best = ranked[0];
  return best !== undefined && best.distance <= allowed ? best.word : undefined;
}

/** The ending of a message about a word that is not known. */
export function suggestion(typed: string, known: readonly string[]): string {
  const word = nearest(typed, known);
  return word === undefined ? "" : `\n(Did you mean ${word}?)`;
}

const isBeginning = (typed: string, word: string): boolean => typed.length >= 3 && word.startsWith(typed);

/**
 * How many letters must be added, removed, replaced or exchanged with their neighbour: the optimal string alignment
 * distance (Damerau 1964, Levenshtein 1966).
 */
function distanceOf(from: string, to: string): number {
  const rows: number[][] = [Array.from({ length: to.length + 1 }, (_, index) => index)];
  for (let row = 1; row <= from.length; row++) {
    const line = [row];
    for (let column = 1; column <= to.length; column++) {
      const isSame = from[row - 1] === to[column - 1];
      const isExchanged = row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      line.push(
        Math.min(
          rows[row - 1]![column]! + 1,
          line[column - 1]! + 1,
          rows[row - 1]![column - 1]! + (isSame ? 0 : 1),
          isExchanged ? rows[row - 2]![column - 2]! + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
    rows.push(line);
  }
  return rows[from.length]![to.length]!;
}
