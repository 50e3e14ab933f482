import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { arrows, type Arrow } from "../arrows.ts";
import { brokenArrows } from "../check-arrows.ts";
import { repositoryFolder } from "../source-files.ts";

function broken(path: string, text: string, rules: readonly Arrow[] = arrows): string[] {
  return brokenArrows([path], rules, () => text).map(({ line, message }) => `${line}: ${message.split(",")[0]}`);
}

const forms = {
  "an import": 'import { a } from "../network/socket.ts";',
  "an import over several lines": 'import {\n  a,\n  b,\n} from "../network/socket.ts";',
  "a type import": 'import type { A } from "../network/socket.ts";',
  "an import for its effects": 'import "../network/socket.ts";',
  "an export from": 'export * from "../network/socket.ts";',
  "a dynamic import": 'const socket = await import("../network/socket.ts");',
};
for (const [form, text] of Object.entries(forms)) {
  test(`${form} counts`, () => {
    expect(broken("my_redis/src/values/list.ts", text).join()).toContain("imports my_redis/src/network/socket.ts");
  });
}

test("the line is the one that names the import", () => {
  const text = 'import { b } from "./b.ts";\n\nimport {\n  a,\n} from "../network/a.ts";\n';
  const rule: Arrow = { from: "my_redis/src/values/**", never: ["my_redis/src/network/**"], why: "so" };
  expect(broken("my_redis/src/values/list.ts", text, [rule])).toEqual(["5: imports my_redis/src/network/a.ts"]);
});

test("text that only looks like an import does not count", () => {
  const text =
    '// from "../network/a.ts"\nconst from = "../network/a.ts";\nexport const of = from;\ncall("../network/a.ts");';
  expect(broken("my_redis/src/values/list.ts", text)).toEqual([]);
});

const forbidden: [string, string][] = [
  ["my_redis/src/commands/string/get.ts", "../../network/connection.ts"],
  ["my_redis/src/commands/string/get.ts", "node:net"],
  ["my_redis/src/protocol/reply.ts", "../server.ts"],
  ["my_redis/src/keyspace/database.ts", "../commands/index.ts"],
  ["my_redis/src/start-server.ts", "seckill-mysense"],
  ["my_redis/src/start-server.ts", "../main.ts"],
  ["my_redis/src/start-server.ts", "../../tools/test-services/index.ts"],
  ["my_redis/test/server.test.ts", "../main.ts"],
  ["hash_ring/src/hash-ring.ts", "my-redis"],
  ["seckill_mysense/src/contract/sales.ts", "../ledger/sales.ts"],
  ["seckill_mysense/src/contract/sales.ts", "../time/clock.ts"],
  ["seckill_mysense/src/domain/sale.ts", "../contract/sales.ts"],
  ["seckill_mysense/src/domain/sale.ts", "hash-ring"],
  ["seckill_mysense/src/queue/queue.ts", "../gateway/gateway.ts"],
  ["seckill_mysense/src/time/clock.ts", "../domain/sale.ts"],
  ["seckill_mysense/src/ledger/sql/sql-sales.ts", "../../queue/queue.ts"],
  ["seckill_mysense/src/ledger/ledger.ts", "../orders/consumer.ts"],
  ["seckill_mysense/src/gate/gate.ts", "../relay/relay.ts"],
  ["seckill_mysense/src/relay/relay.ts", "../ledger/ledger.ts"],
  ["seckill_mysense/src/orders/consumer.ts", "../ledger/sql/sql-orders.ts"],
  ["seckill_mysense/src/verify/verify-sale.ts", "../orders/sweeper.ts"],
  ["seckill_mysense/web/page.ts", "../src/gateway/gateway.ts"],
];
test.each(forbidden)("%s must not import %s", (path, target) => {
  expect(broken(path, `import { a } from "${target}";`)).not.toEqual([]);
});

const allowed: [string, string][] = [
  ["my_redis/src/values/list.ts", "./packed-list.ts"],
  ["my_redis/src/values/list.ts", "node:util"],
  ["my_redis/src/start-server.ts", "hash-ring"],
  ["my_redis/src/network/connection.ts", "node:net"],
  ["hash_ring/test/ring.test.ts", "../../tools/property-seed.ts"],
  ["seckill_mysense/src/gateway/check.ts", "../domain/sale.ts"],
  ["seckill_mysense/src/contract/sales.ts", "zod"],
  ["seckill_mysense/src/contract/sales.ts", "../domain/sale.ts"],
  ["seckill_mysense/src/relay/relayed-products.ts", "../ledger/changes.ts"],
  ["seckill_mysense/src/orders/sweeper.ts", "../ledger/returns.ts"],
  ["seckill_mysense/web/page.ts", "../src/contract/sales.ts"],
];
test.each(allowed)("%s may import %s", (path, target) => {
  expect(broken(path, `import { a } from "${target}";`)).toEqual([]);
});

test("an import is told with the reason", () => {
  const [finding] = brokenArrows(["my_redis/src/a.ts"], arrows, () => 'import "seckill-mysense/src/x.ts";');
  expect(finding).toEqual({
    path: "my_redis/src/a.ts",
    line: 1,
    message: "imports seckill_mysense/src/x.ts, but MyRedis is a server for anybody; the sale is one of its clients",
  });
});

test("the folders that arrows begin at exist, so that renaming one does not drop its rule", () => {
  const folders = arrows.flatMap(({ from }) => expandBraces(from)).filter((from) => from !== "**");
  const missing = folders.filter((from) => !existsSync(join(repositoryFolder, from.replace(/\/\*\*$/, ""))));
  expect(missing).toEqual([]);
});

function expandBraces(pattern: string): string[] {
  const braces = /\{([^}]+)\}/.exec(pattern);
  if (!braces) return [pattern];
  return (braces[1] as string).split(",").map((choice) => pattern.replace(braces[0], choice));
}
