import { command } from "../../../dispatch/command.ts";
import type { Context } from "../../../dispatch/context.ts";
import { isLocalClient } from "../../../dispatch/local-client.ts";
import type { Arguments } from "../../../protocol/arguments.ts";
import { CommandError, errors } from "../../../protocol/command-error.ts";
import { DirectiveError } from "../../../settings/directive.ts";
import { type DirectiveName, directiveOf, findDirective } from "../../../settings/directives.ts";
import { type Assignment, onlyDefaultReason, unusedWarning } from "../../../settings/settings.ts";
import { splitWords } from "../../../settings/split-words.ts";

const secretDirectives = ["requirepass", "masterauth", "masteruser", "tls-key-file-pass", "tls-client-key-file-pass"];

export const configSet = command({
  name: "CONFIG SET",
  group: "server",
  since: "2.0.0",
  complexity: "O(N) where N is the number of directives given",
  summary: "Changes directives: either all given ones or none.",
  syntax: "{parameter value}...",
  usage: "<directive> <value> [<directive> <value> ...]",
  flags: ["admin", "noscript", "loading", "stale"],
  tips: ["request_policy:all_nodes", "response_policy:all_succeeded"],
  isSecret: (args, index) => index > 2 && secretDirectives.some((secret) => args.is(index - 1, secret)),
  run(context, args, reply) {
    if (args.count % 2 !== 0) throw new CommandError(errors.syntax);
    const { settings } = context.server;
    const names = readNames(context, args);
    const assignments: Assignment[] = names.map((name, position) => {
      const words = wordsOf(name, args.text(position * 2 + 3));
      return { name, value: attempt(args, position, () => checkedValue(context, name, words)) };
    });
    let failedAt = 0;
    attemptAt(
      () => settings.change(assignments, (name) => (failedAt = names.indexOf(name))),
      () => nameAt(args, failedAt),
    );
    for (const name of names) warnIfUnused(context, name);
    reply.ok();
  },
});

function warnIfUnused({ server }: Context, name: DirectiveName): void {
  const { unused } = directiveOf(name);
  if (unused !== undefined) server.environment.report("warning", unusedWarning(name, unused));
}

/** The directives to change. Throws at the first one that does not exist, may not change or is named twice. */
function readNames(context: Context, args: Arguments): DirectiveName[] {
  const names: DirectiveName[] = [];
  // A directive and its older name may stand side by side, as in redis-server. The last value wins.
  const seen = new Set<string>();
  for (let index = 2; index < args.count; index += 2) {
    const given = args.latin1(index);
    const name = findDirective(given);
    if (name === undefined) {
      throw new CommandError(`ERR Unknown option or number of arguments for CONFIG SET - '${given}'`);
    }
    const refusal = seen.has(given.toLowerCase()) ? "duplicate parameter" : changeRefusal(context, name);
    if (refusal !== undefined) throw refused(given, refusal);
    seen.add(given.toLowerCase());
    names.push(name);
  }
  return names;
}

function changeRefusal({ server, client }: Context, name: DirectiveName): string | undefined {
  const { change = "any-time" } = directiveOf(name);
  if (change === "start") return "can't set immutable config";
  if (change === "any-time") return undefined;
  const allowed = server.settings.values["enable-protected-configs"];
  return allowed === "yes" || (allowed === "local" && isLocalClient(client)) ? undefined : "can't set protected config";
}

const wordsOf = (name: DirectiveName, given: string): string[] =>
  directiveOf(name).manyWords ? splitWords(given) : [given];

function checkedValue({ server }: Context, name: DirectiveName, words: readonly string[]): unknown {
  const directive = directiveOf(name);
  const value = directive.parse(words, { value: server.settings.values[name], again: false });
  if (directive.onlyDefault !== undefined && directive.print(value) !== directive.print(directive.default)) {
    throw new DirectiveError(onlyDefaultReason(name));
  }
  return value;
}

const attempt = <Value>(args: Arguments, position: number, action: () => Value): Value =>
  attemptAt(action, () => nameAt(args, position));

/** As redis-server names it when its value is refused. */
const nameAt = (args: Arguments, position: number): string => args.latin1(position * 2 + 2).toLowerCase();

/** Turns a DirectiveError into the error reply that names the directive. */
function attemptAt<Value>(action: () => Value, nameGiven: () => string): Value {
  try {
    return action();
  } catch (error) {
    throw error instanceof DirectiveError ? refused(nameGiven(), error.message) : error;
  }
}

const refused = (given: string, reason: string): CommandError =>
  new CommandError(`ERR CONFIG SET failed (possibly related to argument '${given}') - ${reason}`);
