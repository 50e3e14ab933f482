import { describe, expect, test } from "bun:test";
import { requireService } from "../../../../tools/test-services/index.ts";
import { arityOf } from "../../../src/dispatch/describe/syntax-arity.ts";
import { parseSyntax } from "../../../src/dispatch/describe/syntax.ts";
import { CommandTable } from "../../../src/dispatch/command-table.ts";
import { allCommands } from "../../../src/commands/index.ts";
import type { Reply } from "../harness/reply.ts";
import { serverPair, type Side } from "../harness/servers.ts";

const redis = requireService("redis");

/** Where our arguments differ from those of redis-server 7.0, with the reason. */
const differences: Readonly<Record<string, string>> = {
  "client|kill": "an old form of its filter is marked as deprecated there",
  hscan: "takes NOVALUES, as Redis 7.4",
  "command|getkeys": "has no arguments there, and takes a command",
  "command|getkeysandflags": "has no arguments there, and takes a command",
};

function pairs({ items }: Reply): [string, Reply][] {
  const list = items ?? [];
  return list.flatMap((item, at) =>
    at % 2 === 0 ? [[item.text ?? "", list[at + 1] as Reply] as [string, Reply]] : [],
  );
}

/** Types, tokens, flags and places of keys. Names are our own. */
function showArgument(argument: Reply): string {
  const facts = new Map(pairs(argument));
  const textOf = (name: string): string => facts.get(name)?.text ?? "";
  const parts = facts.get("arguments")?.items?.map(showArgument).join(" ") ?? "";
  const flags = (facts.get("flags")?.items ?? []).map(({ text }) => text).sort();
  const place = facts.has("key_spec_index") && textOf("type") === "key" ? `@${textOf("key_spec_index")}` : "";
  const token = facts.has("token") ? `${textOf("token")}=` : "";
  return `${token}${textOf("type")}${place}${parts === "" ? "" : `(${parts})`}${flags.length > 0 ? `[${flags.join()}]` : ""}`;
}

/** Commands that take arguments that they do not use, or that are not part of their documentation. */
const undocumented = new Set(["quit", "command", "debug", "replconf"]);

/** Commands whose arity does not follow from their syntax. Their entries give the reasons. */
const withOwnArity = [
  ...[
    "client|kill",
    "command|getkeys",
    "command|getkeysandflags",
    "geohash",
    "geopos",
    "pfmerge",
    "psync",
    "zrank",
    "zrevrank",
  ],
];

/** The number of words of the name: two for a subcommand. */
const nameWords = (fullName: string): number => fullName.split("|").length;

/** The arguments in COMMAND DOCS of each command and subcommand. */
async function documented(side: Side): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const add = (reply: Reply): void => {
    for (const [name, docs] of pairs(reply)) {
      const facts = new Map(pairs(docs));
      found.set(name, (facts.get("arguments")?.items ?? []).map(showArgument).join(" "));
      const subcommands = facts.get("subcommands");
      if (subcommands !== undefined) add(subcommands);
    }
  };
  add(await (await serverPair()).control[side].reply("COMMAND", "DOCS"));
  return found;
}

describe("the syntax of commands", () => {
  const table = new CommandTable(allCommands);

  const entries = [...table.all()].flatMap((entry) => [entry, ...table.subcommandsOf(entry)]);

  test("exists for every command that takes arguments", () => {
    const lacking = entries
      .filter(({ run, syntax, fullName }) => run !== undefined && syntax.length === 0 && !undocumented.has(fullName))
      .filter(({ arity, fullName }) => arity !== nameWords(fullName))
      .map(({ fullName }) => fullName);
    expect(lacking).toEqual([]);
  });

  test("implies the arity, except for commands that state another one with a reason", () => {
    const stated = entries
      .filter(({ run, fullName }) => run !== undefined && !undocumented.has(fullName))
      .filter(({ arity, fullName, syntax }) => arity !== arityOf(nameWords(fullName), syntax))
      .map(({ fullName }) => fullName);
    expect(stated.sort()).toEqual(withOwnArity.toSorted());
  });

  test("is listed under the name of the container that holds the subcommand", () => {
    for (const container of table.all()) {
      for (const { fullName } of table.subcommandsOf(container)) {
        expect(fullName.split("|").slice(0, -1)).toEqual([container.fullName]);
      }
    }
  });

  test("is refused when brackets do not match", () => {
    for (const wrong of ["[key", "key]", "(a | b", "{a", "[a | b", "a:x"])
      expect(() => parseSyntax(wrong)).toThrow(wrong[0]);
  });
});

describe.skipIf(redis.missing)(`COMMAND DOCS${redis.reason}`, () => {
  test("describes arguments by the same types, words and flags as redis-server", async () => {
    const [ours, theirs] = [await documented("MyRedis"), await documented("redis-server")];
    const found: string[] = [];
    let compared = 0;
    for (const [name, syntax] of ours) {
      const real = theirs.get(name);
      if (real === undefined || Object.hasOwn(differences, name)) continue;
      compared++;
      if (syntax !== real) found.push(`${name}\n  MyRedis      ${syntax}\n  redis-server ${real}`);
    }
    expect(found.join("\n")).toBe("");
    expect(compared).toBeGreaterThan(200);
  });
});
