import type { ArgumentSyntax } from "./syntax.ts";

/** The arguments of a subcommand as HELP shows them: "<pattern> [<pattern> ...]". */
export const usageOf = (syntax: readonly ArgumentSyntax[]): string => syntax.map(usageOfArgument).join(" ");

function usageOfArgument(argument: ArgumentSyntax): string {
  const { token, type, optional, multiple, multipleToken } = argument;
  const before = token === undefined || type === "pure-token" ? "" : `${token} `;
  const one = (multipleToken ? before : "") + usageOfOne(argument);
  if (optional && multiple && !multipleToken && before === "") return `[${one} ...]`;
  const all = (multipleToken ? "" : before) + (multiple ? `${one} [${one} ...]` : one);
  if (!optional) return type === "oneof" && before === "" ? `(${all})` : all;
  return `[${all}]`;
}

function usageOfOne({ name, type, token, parts }: ArgumentSyntax): string {
  if (type === "pure-token") return token ?? "";
  if (type === "block") return usageOf(parts);
  if (type !== "oneof") return `<${name}>`;
  const choice = parts.map(usageOfArgument).join("|");
  return token === undefined ? choice : `(${choice})`;
}
