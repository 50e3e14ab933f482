/** A text that is no module of the part of the format that is understood here. */
export class AssemblyError extends Error {}

/** A word, or a list in parentheses. A text in quotes is a word with its quotes. */
export type Expression = string | readonly Expression[];

/** One token: a parenthesis, a text in quotes, or a word. Comments run from ";;" to the end of the line. */
const token = /;;[^\n]*|[()]|"[^"]*"|[^\s()";]+/g;

/** The expressions of a text in WebAssembly's text format. Throws AssemblyError for parentheses that do not match. */
export function parseExpressions(text: string): Expression[] {
  const open: Expression[][] = [[]];
  for (const [word] of text.matchAll(token)) {
    if (word.startsWith(";;")) continue;
    if (word === "(") open.push([]);
    else if (word === ")") {
      const closed = open.pop() as Expression[];
      const around = open.at(-1);
      if (around === undefined) throw new AssemblyError("a ')' without its '('");
      around.push(closed);
    } else (open.at(-1) as Expression[]).push(word);
  }
  if (open.length !== 1) throw new AssemblyError(`${open.length - 1} times '(' without ')'`);
  return open[0] as Expression[];
}
