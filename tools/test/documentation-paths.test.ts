import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { missingPaths } from "../documentation-paths.ts";
import { repositoryFiles, repositoryFolder } from "../source-files.ts";

const pages = repositoryFiles().filter((path) => path.endsWith(".md"));

test("every file and folder that the documentation names is there", () => {
  expect(pages).toContain("ARCHITECTURE.md");
  const missing = pages.flatMap((page) => missingPaths(page, readFileSync(join(repositoryFolder, page), "utf8")));
  expect(missing).toEqual([]);
});

describe("a path", () => {
  const refused: [string, string, string][] = [
    ["in a folder of the repository", "README.md", "tools/missing.ts"],
    ["as seen from MyRedis's sources", "ARCHITECTURE.md", "dispatch/missing.ts"],
    ["as seen from the sale's sources", "ARCHITECTURE.md", "gateway/missing/"],
    ["as seen from the page's folder", "my_redis/README.md", "src/missing.ts"],
    ["before a placeholder", "CONTRIBUTING.md", "my_redis/src/missing/<group>/<name>.ts"],
    ["that is the bare name of a source file", "CONTRIBUTING.md", "missing-file.ts"],
  ];
  test.each(refused)("%s is found when it is missing", (_, page, path) => {
    expect(missingPaths(page, `see \`${path}\`, and \`tools/arrows.ts\``)).toEqual([{ page, path }]);
  });

  const accepted: [string, string, string][] = [
    ["in the repository", "README.md", "my_redis/redis.conf"],
    ["as seen from MyRedis's sources", "ARCHITECTURE.md", "dispatch/checks/"],
    ["with a placeholder", "CONTRIBUTING.md", "my_redis/src/commands/<group>/<name>.ts"],
    ["of a package", "README.md", "@opentelemetry/api"],
    ["of the web server", "README.md", "/api/token"],
    ["that the program makes", "README.md", "seckill_mysense/data/ledger.sqlite"],
  ];
  test.each(accepted)("%s is no finding", (_, page, path) => {
    expect(missingPaths(page, `see \`${path}\``)).toEqual([]);
  });
});
