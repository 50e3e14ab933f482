/** Control characters, those that turn the direction of text, and halves of characters: a terminal might obey them. */
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu;

/** A text in one line, cut where it is long. Characters that a terminal would not show are written as in JSON. */
export function printable(text: string, maxLength: number): string {
  const characters = text.slice(0, 2 * maxLength).replaceAll(unprintable, escaped);
  const cut = Array.from(characters).slice(0, maxLength).join("");
  return cut === characters && text.length <= 2 * maxLength ? cut : `${cut}...`;
}

const escaped = (character: string): string =>
  `\\u${(character.codePointAt(0) as number).toString(16).padStart(4, "0")}`;
