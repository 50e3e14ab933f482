import type { Arguments } from "../../protocol/arguments.ts";

const secretDirectives = ["requirepass", "masterauth", "masteruser", "tls-key-file-pass", "tls-client-key-file-pass"];

/** Which arguments of a command are passwords, that neither the slow log nor MONITOR may show. */
export function secretArguments(fullName: string, args: Arguments): (index: number) => boolean {
  if (fullName === "auth") return (index) => index > 0;
  if (fullName === "hello")
    return (index) => index > 2 && (args.is(index - 1, "auth") || (index > 3 && args.is(index - 2, "auth")));
  if (fullName === "migrate") {
    const behind = (index: number, word: string): boolean => index > 5 && args.is(index, word);
    return (index) => behind(index - 1, "auth") || behind(index - 1, "auth2") || behind(index - 2, "auth2");
  }
  if (fullName === "config|set")
    return (index) => index > 2 && secretDirectives.some((secret) => args.is(index - 1, secret));
  return () => false;
}

/** What is shown in place of a secret. */
export const redacted = "(redacted)";
