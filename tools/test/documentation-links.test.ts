import { expect, test } from "bun:test";
import { brokenLinks } from "../documentation-links.ts";
import { repositoryFiles } from "../source-files.ts";

const pages = repositoryFiles().filter((path) => path.endsWith(".md"));

test("every link of the documentation leads to a file and a heading that are there", () => {
  expect(pages).toContain("README.md");
  expect(pages.flatMap(brokenLinks)).toEqual([]);
});
