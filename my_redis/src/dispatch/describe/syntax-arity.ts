import type { ArgumentSyntax } from "./syntax.ts";

/** How many arguments an element takes: at least `least`, and with `open` any number above that. */
interface Width {
  readonly least: number;
  readonly open: boolean;
}

/** Redis's arity: the number of words of a request, negative for a minimum. `nameWords` is 2 for CONFIG GET. */
export function arityOf(nameWords: number, syntax: readonly ArgumentSyntax[]): number {
  const { least, open } = widthOfRow(syntax);
  return open ? -(nameWords + least) : nameWords + least;
}

function widthOfRow(syntax: readonly ArgumentSyntax[]): Width {
  const widths = syntax.map(widthOf);
  return { least: widths.reduce((sum, { least }) => sum + least, 0), open: widths.some(({ open }) => open) };
}

function widthOf({ type, token, optional, multiple, parts }: ArgumentSyntax): Width {
  if (optional) return { least: 0, open: true };
  const inner =
    type === "oneof" ? widthOfChoice(parts) : type === "block" ? widthOfRow(parts) : { least: 1, open: false };
  const withToken = token === undefined || type === "pure-token" ? inner.least : inner.least + 1;
  return { least: withToken, open: inner.open || multiple };
}

function widthOfChoice(parts: readonly ArgumentSyntax[]): Width {
  const widths = parts.map(widthOf);
  const least = Math.min(...widths.map((width) => width.least));
  return { least, open: widths.some((width) => width.open || width.least > least) };
}
