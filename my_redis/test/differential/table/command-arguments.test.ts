import { describe, expect, test } from "bun:test";
import { requireService } from "../../../../tools/test-services/index.ts";
import { parseSyntax } from "../../../src/dispatch/describe/parse-syntax.ts";
import { syntaxes } from "../../../src/dispatch/describe/command-syntax.ts";
import { CommandTable } from "../../../src/dispatch/command-table.ts";
import { allCommands } from "../../../src/commands/index.ts";
import type { Reply } from "../harness/reply.ts";
import { serverPair, type Side } from "../harness/servers.ts";

const redis = requireService("redis");

/** Where our arguments are others than those of redis-server 7.0, with the reason. */
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

/** Types, tokens, flags and places of keys; names are ours. */
function showArgument(argument: Reply): string {
  const facts = new Map(pairs(argument));
  const textOf = (name: string): string => facts.get(name)?.text ?? "";
  const parts = facts.get("arguments")?.items?.map(showArgument).join(" ") ?? "";
  const flags = (facts.get("flags")?.items ?? []).map(({ text }) => text).sort();
  const place = facts.has("key_spec_index") && textOf("type") === "key" ? `@${textOf("key_spec_index")}` : "";
  const token = facts.has("token") ? `${textOf("token")}=` : "";
  return `${token}${textOf("type")}${place}${parts === "" ? "" : `(${parts})`}${flags.length > 0 ? `[${flags.join()}]` : ""}`;
}

/** These take arguments that they do not use, or that are no part of their documentation. */
const undocumented = new Set(["quit", "command", "debug"]);

/** What COMMAND DOCS says of the arguments of each command and subcommand. */
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

  test("is well-formed, and each belongs to a command of the table, given once", () => {
    const seen = new Set<string>();
    for (const [syntax, commands] of syntaxes) {
      expect(parseSyntax(syntax).length).toBeGreaterThan(0);
      for (const name of commands.split(" ")) {
        expect([name, seen.has(name)]).toEqual([name, false]);
        seen.add(name);
      }
    }
    const absent = [...seen].filter((name) => table.byName(name) === undefined);
    expect(absent).toEqual([]);
  });

  test("is there for every command that takes arguments", () => {
    const described = new Set(syntaxes.flatMap(([, commands]) => commands.split(" ")));
    const lacking: string[] = [];
    for (const entry of table.all()) {
      for (const each of [entry, ...table.subcommandsOf(entry)]) {
        const words = each === entry ? 1 : 2;
        const takesMore = each.run !== undefined && each.arity !== words && !undocumented.has(each.fullName);
        if (takesMore && !described.has(each.fullName)) lacking.push(each.fullName);
      }
    }
    expect(lacking).toEqual([]);
  });

  test("tells where brackets do not match", () => {
    for (const wrong of ["[key", "key]", "(a | b", "{a", "a:x"]) expect(() => parseSyntax(wrong)).toThrow(wrong[0]);
  });
});

describe.skipIf(redis.missing)(`COMMAND DOCS${redis.reason}`, () => {
  test("gives arguments of the types, words and flags that redis-server gives", async () => {
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
