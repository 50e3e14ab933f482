import { expect, test } from "bun:test";
import { join } from "node:path";
import { failures } from "../../src/contract/failures.ts";
import { check } from "../../src/contract/check.ts";
import { endpoints } from "../../src/contract/endpoints.ts";
import { checkSettings } from "../../src/settings/load-settings.ts";

const guide = await Bun.file(join(import.meta.dir, "../../../docs/sale.md")).text();

/** Pairs of `section.key` and default. A rate counts as one value. */
function defaults(): [string, unknown][] {
  const { data_dir: _, ...sections } = checkSettings({}, "/");
  return Object.entries(sections).flatMap(([section, values]) =>
    Object.entries(values).map(([key, value]): [string, unknown] => [`${section}.${key}`, value]),
  );
}

test("the guide names every key of config.json with its default, and no other", () => {
  const rows = [...guide.matchAll(/^\| `(\w+\.\w+)` *\| `([^`]+)` *\|/gm)].map(([, key, value]) => [
    key,
    JSON.parse(value!),
  ]);
  expect(rows).toEqual(defaults());
});

test("the guide names every endpoint", () => {
  for (const { method, path } of Object.values(endpoints)) {
    expect(guide).toContain(method);
    expect(guide).toContain(path.replace(/.*(\/cancel)$/, "$1"));
  }
});

test("the guide names every refusal of /check beside its status", () => {
  for (const code of [...check.failures, "limited", "overloaded"] as const) {
    expect(guide).toMatch(new RegExp(`\\| ${failures[code].status} +\\| .*\`${code}\``));
  }
});
