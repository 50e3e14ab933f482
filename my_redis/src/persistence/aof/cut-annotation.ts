/**
 * Annotations of a log, besides its checksums, in the order of their parts: a text that is always the same, or what
 * stands between. Whoever adds an annotation adds it here, because a crash may cut it anywhere.
 */
const annotations: readonly (readonly (string | RegExp)[])[] = [
  // redis-server notes the time.
  ["#TS:", /\d*/],
  // Where the stream for the replicas of a ring's node stands.
  ["#AT:", /\d{0,16}/],
  // Where replication stood at an orderly end.
  ["#REPLICATION:", /[0-9a-f]{0,40}/, ":", /\d{0,15}/, ":", /\d{0,9}/],
];

const patterns = annotations.map((parts) => beginningOf([...parts, "\r"]));

/** Whether a text may be the beginning of such an annotation, with its "#" and without the "\n" of its line end. */
export const isCutAnnotation = (text: string): boolean => patterns.some((pattern) => pattern.test(text));

/** A pattern for every text that ends in one of the parts, or between two of them. */
export function beginningOf(parts: readonly (string | RegExp)[]): RegExp {
  const pieces = parts.flatMap((part) => (typeof part === "string" ? part.split("") : [part.source]));
  return new RegExp(`^${pieces.reduceRight((rest, piece) => `(?:${piece}${rest})?`, "")}$`);
}
