import { describe, expect, test } from "bun:test";
import { requireService, startRedisServer } from "../../../../tools/test-services/index.ts";
import { categoriesOf } from "../../../src/dispatch/describe/categories.ts";
import type { Command } from "../../../src/dispatch/command.ts";
import { CommandTable } from "../../../src/dispatch/command-table.ts";
import { allCommands } from "../../../src/commands/index.ts";
import type { Reply } from "../harness/reply.ts";
import { RespConnection } from "../harness/resp-connection.ts";

const redis = requireService("redis");
const table = new CommandTable(allCommands);

/** Every command and subcommand of the table by its full name. */
const entries = new Map<string, Command>();
for (const entry of table.all()) {
  for (const each of [entry, ...table.subcommandsOf(entry)]) entries.set(each.fullName, each);
}

/** Where COMMAND DOCS or the categories differ from redis-server 7.0 on purpose, with the reason. */
const differences: Readonly<Record<string, string>> = { wait: "Redis 7.2 counts it as a blocking command" };

describe("every entry of the table of commands", () => {
  test("has a summary in one sentence, a version, a group and a complexity", () => {
    for (const [name, { summary, since, group, complexity }] of entries) {
      expect([name, summary]).toEqual([name, expect.stringMatching(/^[A-Z].+\.$/s)]);
      expect([name, summary.length]).toEqual([name, expect.any(Number)]);
      expect([name, since]).toEqual([name, expect.stringMatching(/^\d+\.\d+\.\d+$/)]);
      expect([name, group, complexity]).toEqual([name, expect.stringMatching(/./), expect.stringMatching(/./)]);
    }
  });
});

describe.skipIf(redis.missing)(`the table of commands${redis.reason}`, () => {
  test("has the versions and groups of redis-server's COMMAND DOCS, and does not repeat its summaries", async () => {
    const theirs = await realDocs();
    let compared = 0;
    for (const [name, entry] of entries) {
      const docs = theirs.get(name);
      // Commands that are newer than the installed redis-server, or our own, are not compared.
      if (docs === undefined || Object.hasOwn(differences, name)) continue;
      compared++;
      expect([name, entry.since, entry.group]).toEqual([name, docs.since, docs.group]);
      expect([name, entry.summary.replace(/\.$/, "")]).not.toEqual([name, docs.summary]);
    }
    expect(compared).toBeGreaterThan(100);
  });

  test("has the ACL categories of redis-server's COMMAND", async () => {
    const theirs = await realCategories();
    for (const [name, entry] of entries) {
      const categories = theirs.get(name);
      if (categories === undefined || Object.hasOwn(differences, name)) continue;
      expect([name, ...categoriesOf(entry).toSorted()]).toEqual([name, ...categories.toSorted()]);
    }
  });
});

interface Docs {
  readonly summary: string;
  readonly since: string;
  /** The group as the server names it. */
  readonly group: string;
}

async function ask(...command: string[]): Promise<Reply> {
  const server = await startRedisServer();
  const connection = await RespConnection.open(server.port, "redis-server");
  const reply = await connection.reply(...command);
  connection.close();
  await server.stop();
  return reply;
}

async function realDocs(): Promise<Map<string, Docs>> {
  const docs = new Map<string, Docs>();
  addDocs(docs, await ask("COMMAND", "DOCS"));
  return docs;
}

/** Alternating names and documentation. That of a container holds the same for its subcommands. */
function addDocs(docs: Map<string, Docs>, reply: Reply): void {
  for (const [name, value] of pairs(reply)) {
    const facts = new Map(pairs(value));
    const textOf = (key: string): string => facts.get(key)?.text ?? "";
    docs.set(name, { summary: textOf("summary"), since: textOf("since"), group: textOf("group") });
    const subcommands = facts.get("subcommands");
    if (subcommands !== undefined) addDocs(docs, subcommands);
  }
}

function pairs({ items }: Reply): [string, Reply][] {
  const list = items ?? [];
  return list.flatMap((item, at) =>
    at % 2 === 0 ? [[item.text ?? "", list[at + 1] as Reply] as [string, Reply]] : [],
  );
}

async function realCategories(): Promise<Map<string, string[]>> {
  const categories = new Map<string, string[]>();
  const add = ({ items }: Reply): void => {
    const names = (items?.[6]?.items ?? []).map((item) => (item.text ?? "").replace("@", ""));
    categories.set(items?.[0]?.text ?? "", names);
    for (const subcommand of items?.[9]?.items ?? []) add(subcommand);
  };
  for (const entry of (await ask("COMMAND")).items ?? []) add(entry);
  return categories;
}
