import { describe, expect, test } from "bun:test";
import { ScriptBench } from "./script-bench.ts";

const bench = new ScriptBench();
/** The script returns what a command replied with. */
const returned = (reply: string, protocol: 2 | 3, scriptProtocol: 2 | 3 = 3): string =>
  bench.eval(`redis.setresp(${scriptProtocol}) return redis.call('reply', ARGV[1])`, { args: [reply], protocol });

describe("a command's reply that a script returns", () => {
  const unchanged: Record<string, string> = {
    "a status": "+OK\r\n",
    "an integer": ":-42\r\n",
    "a bulk string with every kind of byte": "$6\r\n\0\r\n\xffab\r\n",
    "an empty bulk string": "$0\r\n\r\n",
    "a long bulk string": `$100000\r\n${"x".repeat(100_000)}\r\n`,
    "an array": "*3\r\n:1\r\n$1\r\na\r\n*1\r\n+x\r\n",
    "an empty array": "*0\r\n",
    "an error inside an array": "*2\r\n:1\r\n-WRONGTYPE not this\r\n",
    "an array in five arrays": `${"*1\r\n".repeat(5)}*2\r\n:1\r\n$1\r\na\r\n`,
    "a map in arrays": "*2\r\n*1\r\n:7\r\n*1\r\n%1\r\n+a\r\n:1\r\n",
    "an empty status": "+\r\n",
    "the smallest integer": ":-9223372036854775808\r\n",
    "a map": "%1\r\n$1\r\na\r\n:1\r\n",
    "an empty map": "%0\r\n",
    "a set": "~1\r\n$1\r\na\r\n",
    "a null": "_\r\n",
    true: "#t\r\n",
    false: "#f\r\n",
    "a double": ",1.5\r\n",
    "an infinite double": ",-inf\r\n",
    "a big number": "(3492890328409238509324850943850943825024385\r\n",
    "a verbatim string": "=7\r\ntxt:abc\r\n",
  };
  for (const [what, reply] of Object.entries(unchanged)) {
    test(`${what} comes back as it was, in RESP3`, () => {
      expect(returned(reply, 3)).toBe(reply);
    });
  }

  const downgraded: Record<string, string> = {
    "%1\r\n$1\r\na\r\n:1\r\n": "*2\r\n$1\r\na\r\n:1\r\n",
    "~1\r\n$1\r\na\r\n": "*1\r\n$1\r\na\r\n",
    "_\r\n": "$-1\r\n",
    "#t\r\n": ":1\r\n",
    "#f\r\n": ":0\r\n",
    ",1.5\r\n": "$3\r\n1.5\r\n",
    "(123\r\n": "$3\r\n123\r\n",
    "=7\r\ntxt:abc\r\n": "$3\r\nabc\r\n",
    "|1\r\n+key\r\n+value\r\n:5\r\n": ":5\r\n",
  };
  for (const [reply, expected] of Object.entries(downgraded)) {
    test(`${JSON.stringify(reply)} becomes ${JSON.stringify(expected)} in RESP2`, () => {
      expect(returned(reply, 2)).toBe(expected);
    });
  }

  test("nil of RESP2 is false in Lua, and the array continues after it", () => {
    expect(returned("*3\r\n:1\r\n$-1\r\n:3\r\n", 2, 2)).toBe("*3\r\n:1\r\n$-1\r\n:3\r\n");
    expect(returned("*-1\r\n", 2, 2)).toBe("$-1\r\n");
  });

  test("null of RESP3 is nil in Lua, and ends the array", () => {
    expect(returned("*3\r\n:1\r\n_\r\n:3\r\n", 3)).toBe("*1\r\n:1\r\n");
  });

  test("an integer beyond 2^53 is rounded, as Lua's numbers are", () => {
    expect(returned(":9007199254740993\r\n", 2)).toBe(":9007199254740992\r\n");
    expect(returned(":9223372036854775807\r\n", 2)).toBe(":-9223372036854775808\r\n");
  });

  test("a reply nested a thousand deep comes back", () => {
    const deep = `${"*1\r\n".repeat(1000)}:1\r\n`;
    expect(returned(deep, 2)).toBe(deep);
  });
});

describe("a Lua value that is nested too deeply", () => {
  test("becomes an error where Lua's stack ends", () => {
    const reply = bench.eval("local t = {} t[1] = t return t");
    expect(reply).toStartWith("*1\r\n*1\r\n");
    expect(reply).toEndWith("-ERR reached lua stack limit\r\n");
    expect(bench.eval("return 1")).toBe(":1\r\n");
  });
});
