import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { requireService, startRedisServer, type Service } from "../../../tools/test-services/index.ts";
import { allNames, directiveNames, directiveOf, findDirective } from "../../src/settings/directives.ts";
import { ConfigReader } from "../../src/settings/read-config.ts";
import { Settings } from "../../src/settings/settings.ts";
import { RespConnection } from "../differential/harness/resp-connection.ts";

const redis = requireService("redis");
const shippedFile = new URL("../../redis.conf", import.meta.url).pathname;

/** Directives that do not exist in redis-server 7.0. */
const ours = new Map([
  ["compatibility", "the server that this one claims to be"],
  ["self", "nodes of a ring"],
  ["peers", "nodes of a ring"],
  ["nodes", "nodes of a ring"],
  ["replicas", "nodes of a ring"],
  ["cluster-members", "nodes of a ring"],
  ["cluster-replicas", "nodes of a ring"],
  ["cluster-acknowledgement", "nodes of a ring"],
  ["cluster-routing", "nodes of a ring"],
  ["cluster-move-pause", "nodes of a ring"],
  ["admin-port", "a port for administrators"],
  ["admin-bind", "a port for administrators"],
  ["metrics-port", "a port for Prometheus"],
  ["metrics-bind", "a port for Prometheus"],
  ["client-turn-ms", "turns of a limited length"],
  ["client-waiting-limit", "input that waits for a turn"],
  ["overload-wait-ms", "levels of overload"],
  ["overload-refuses", "levels of overload"],
  ["aof-checksum", "checksums in the append-only file"],
  ["replica-refuse-empty-primary", "a guard against primaries that have lost their data"],
  ["rdb-key-save-delay", "in Redis CONFIG GET does not list it"],
  ["set-max-listpack-entries", "of Redis 7.2"],
  ["set-max-listpack-value", "of Redis 7.2"],
]);

/** Directives whose default differs, with the reason. */
const different = new Map([
  ["bind", "only this machine, as the redis.conf that comes with Redis says; its built-in default is all addresses"],
  ["port", "the test chooses it"],
  ["dir", "the test chooses it"],
]);

describe.skipIf(redis.missing)(`the table of directives beside redis-server${redis.reason}`, () => {
  let server: Service;
  let theirs: Map<string, string>;

  beforeAll(async () => {
    server = await startRedisServer();
    const connection = await RespConnection.open(server.port, "redis-server");
    const reply = await connection.reply("CONFIG", "GET", "*");
    const texts = (reply.items ?? []).map((item) => item.text as string);
    theirs = new Map(texts.flatMap((text, index) => (index % 2 === 0 ? [[text, texts[index + 1] as string]] : [])));
    connection.close();
  });

  afterAll(() => server.stop());

  test("has every directive and alias that CONFIG GET lists, and no other but those named here", () => {
    expect([...allNames()].filter((name) => !theirs.has(name)).sort()).toEqual([...ours.keys()].sort());
    expect([...theirs.keys()].filter((name) => findDirective(name) === undefined)).toEqual([]);
  });

  test("gives each the same default, but for those named here", () => {
    const settings = new Settings();
    for (const [name, value] of theirs) {
      const directive = findDirective(name);
      if (directive === undefined || different.has(name)) continue;
      expect([name, settings.print(directive)]).toEqual([name, value]);
    }
  });

  test("lets CONFIG SET change what redis-server lets it change, and nothing more", async () => {
    const connection = await RespConnection.open(server.port, "redis-server");
    // Apart from these, the same directives can be changed.
    const startOnlyHere = new Set(["bind", "port", "tls-port", "tls-cluster"]);
    for (const name of directiveNames) {
      if (ours.has(name) || startOnlyHere.has(name)) continue;
      const answer = (await connection.reply("CONFIG", "SET", name, theirs.get(name) as string)).text as string;
      const theirChange = answer.includes("immutable")
        ? "start"
        : answer.includes("protected")
          ? "protected"
          : "any-time";
      expect([name, directiveOf(name).change ?? "any-time"]).toEqual([name, theirChange]);
    }
    connection.close();
  });
});

describe("the table of directives", () => {
  test("prints each default in a form that it reads back", () => {
    for (const name of directiveNames) {
      const directive = directiveOf(name);
      for (const line of directive.lines(directive.default)) {
        const value = directive.parse(line, { value: directive.default, again: true });
        expect([name, directive.print(value)]).toEqual([name, directive.print(directive.default)]);
      }
    }
  });

  test("explains each directive in a sentence", () => {
    for (const name of directiveNames)
      expect([name, directiveOf(name).summary]).toEqual([name, expect.stringMatching(/^[A-Z].*\.$/)]);
  });
});

describe("every directive that is said to have an effect", () => {
  test("is read somewhere in the sources", () => {
    const folder = new URL("../../src/", import.meta.url).pathname;
    const sources = readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith(".ts") && !path.startsWith("settings/directives"))
      .map((path) => readFileSync(`${folder}${path}`, "utf8"))
      .join("\n");
    const isRead = (name: string): boolean =>
      sources.includes(`"${name}"`) || new RegExp(`values\\.${name}\\b|[{,] ${name} [,}]`).test(sources);
    const effective = directiveNames.filter((name) => {
      const { unused, onlyDefault } = directiveOf(name);
      return unused === undefined && onlyDefault === undefined;
    });
    expect(effective.filter((name) => !isRead(name))).toEqual([]);
  });
});

describe("the redis.conf of the package", () => {
  test("states the defaults", () => {
    const settings = new Settings();
    new ConfigReader(settings).readFile(shippedFile);
    const defaults = new Settings();
    for (const name of directiveNames) expect([name, settings.print(name)]).toEqual([name, defaults.print(name)]);
    expect(settings.warnings).toEqual([]);
  });

  test("names every directive that has an effect", () => {
    const text = readFileSync(shippedFile, "utf8");
    const named = new Set([...text.matchAll(/^(?:# )?([a-z-]+) /gm)].map((match) => match[1]));
    const effective = directiveNames.filter((name) => {
      const { unused, onlyDefault } = directiveOf(name);
      return unused === undefined && onlyDefault === undefined;
    });
    expect(effective.filter((name) => !named.has(name))).toEqual([]);
  });
});
