import { expect, test } from "bun:test";
import { forbiddenTextsIn } from "../check-tree.ts";

// Put together here, so that this file does not say what no file may say.
const slash = "/";
const host = (...labels: string[]) => labels.join(".");

const refused: [string, string, string][] = [
  ["a registry's host", "docs/install.md", `use https://${host("registry", "npmjs", "org")}/x`],
  ["a folder of one machine", "tools/a.ts", `const at = "${slash}work/main";`],
  ["root's home", "deploy/a.sh", `cd ${slash}root/x`],
  ["a fixed temporary folder", "bench/a.ts", `"${slash}tmp/data"`],
  [
    "a download address",
    "package-lock.json",
    `"resolved": "${["https:", "", "example.org", "a-1.0.0.tgz"].join(slash)}"`,
  ],
];
test.each(refused)("%s is found", (_, path, text) => {
  expect(forbiddenTextsIn(path, `first line\n${text}\n`)).toMatchObject([{ path, line: 2 }]);
});

const accepted: [string, string, string][] = [
  ["a workspace in the lock file", "package-lock.json", `"resolved": "hash_ring",`],
  ["an address elsewhere", "README.md", "https://example.org/a.tgz"],
  ["a path inside an address", "README.md", `https://example.org${slash}work/a`],
  ["a word", "README.md", "net/work, home/root"],
];
test.each(accepted)("%s is no finding", (_, path, text) => {
  expect(forbiddenTextsIn(path, text)).toEqual([]);
});
