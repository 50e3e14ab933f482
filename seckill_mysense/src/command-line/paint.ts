/** What a piece of text is. Meaning comes first: a terminal without colours shows the same words. */
export type Shade = "title" | "name" | "good" | "doubtful" | "bad";
export type Paint = (shade: Shade, text: string) => string;

/** Codes of ECMA-48 that begin a shade; the second ends it. */
const codes: Readonly<Record<Shade, readonly [number, number]>> = {
  title: [1, 22],
  name: [36, 39],
  good: [32, 39],
  doubtful: [33, 39],
  bad: [31, 39],
};

export const noPaint: Paint = (_, text) => text;

const inColours: Paint = (shade, text) => `\x1b[${codes[shade][0]}m${text}\x1b[${codes[shade][1]}m`;

/** Colours only where a person looks, and has not said no to them (no-color.org). */
export function paintFor(
  { isTTY }: { readonly isTTY?: boolean },
  { NO_COLOR, TERM }: Readonly<Record<string, string | undefined>>,
): Paint {
  const isRefused = (NO_COLOR !== undefined && NO_COLOR !== "") || TERM === "dumb";
  return isTTY === true && !isRefused ? inColours : noPaint;
}
