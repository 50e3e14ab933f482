import { expect, test } from "bun:test";
import { circles } from "../check-circles.ts";

const messages = (texts: Readonly<Record<string, string>>): string[] =>
  circles(Object.keys(texts), (path) => texts[path] as string).map(({ path, message }) => `${path} ${message}`);

test("files that import each other are found, over any number of steps", () => {
  const texts = {
    "a/one.ts": 'import { two } from "../b/two.ts";',
    "b/two.ts": 'import { three } from "./three.ts";',
    "b/three.ts": 'export * from "../a/one.ts";',
    "b/four.ts": 'import { one } from "../a/one.ts";',
  };
  expect(messages(texts)).toEqual(["a/one.ts imports itself by way of b/three.ts, b/two.ts"]);
});

test("an import of a type closes a circle, too", () => {
  const texts = { "one.ts": 'import type { Two } from "./two.ts";', "two.ts": 'import { one } from "./one.ts";' };
  expect(messages(texts)).toEqual(["one.ts imports itself by way of two.ts"]);
});

test("two ways to one file are no circle", () => {
  const texts = {
    "one.ts": 'import "./two.ts";\nimport "./three.ts";',
    "two.ts": 'import "./three.ts";',
    "three.ts": 'import "node:fs";',
  };
  expect(messages(texts)).toEqual([]);
});

test.each([
  "import { two /* (a client's foo) */ } from './two.ts';",
  "import {\n  // a client's (foo)\n  two,\n} from './two.ts';",
  "/** A comment's end. */ import './two.ts';",
  "type Two = import('./two.ts').Two;",
  "const two = await import('./two.ts');",
  "export type { Two } from './two.ts';",
])("a circle is found whatever stands around the import: %s", (text) => {
  expect(messages({ "one.ts": text, "two.ts": 'import "./one.ts";' })).toEqual([
    "one.ts imports itself by way of two.ts",
  ]);
});

test("a file that imports itself is a circle, too", () => {
  expect(messages({ "one.ts": 'export * from "./one.ts";' })).toEqual(["one.ts imports itself"]);
});
