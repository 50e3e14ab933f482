import { describe, expect, test } from "bun:test";
import { ScriptBench } from "./script-bench.ts";

const limitBytes = 40 * 1024 * 1024;
const small = () => new ScriptBench({ maxMemoryBytes: limitBytes });
const tooMuch = new RegExp(
  `^-ERR Error running script \\w{40}, not enough memory: the limit of ${limitBytes} bytes is reached\r\n$`,
);

describe("a script that needs more memory than it may have", () => {
  const greedy: Record<string, string> = {
    "for a string": "local s = 'x' while true do s = s .. s end",
    "for a table": "local t = {} for i = 1, 1e9 do t[i] = i end",
    "for JSON": "local t = {} for i = 1, 20000 do t[i] = string.rep('x', 1000) end return #cjson.encode(t)",
    "for the reply of a command": "return #redis.call('get', 'large')",
  };
  for (const [what, script] of Object.entries(greedy)) {
    test(`${what} fails with the limit, and the next one finds an intact engine`, () => {
      const bench = small();
      bench.host.data.set("large", "x".repeat(limitBytes));
      bench.eval("return 1");
      expect(bench.eval(script)).toMatch(tooMuch);
      expect(bench.engine.running).toBeUndefined();
      expect(bench.eval("return 1")).toBe(":1\r\n");
      expect(bench.engine.scriptCount).toBe(2);
    });
  }

  test("for its arguments fails in the same way", () => {
    const bench = small();
    expect(bench.eval("return #ARGV[1]", { args: ["x".repeat(limitBytes)] })).toMatch(tooMuch);
    expect(bench.eval("return #ARGV[1]", { args: ["x".repeat(1000)] })).toBe(":1000\r\n");
  });

  test("may catch the error, and continue with less", () => {
    const bench = small();
    const script = "local ok, err = pcall(string.rep, 'x', 1e9) return {tostring(ok), err}";
    expect(bench.eval(script)).toBe("*2\r\n$5\r\nfalse\r\n$17\r\nnot enough memory\r\n");
    expect(bench.eval("return 1")).toBe(":1\r\n");
    // A later failure has nothing to do with the memory limit.
    expect(() => bench.eval("return redis.call('throw')")).toThrow("the host broke");
  });
});

describe("a VM that has grown large", () => {
  test("is replaced when little of it is still used", () => {
    const bench = new ScriptBench({ maxMemoryBytes: 200 * 1024 * 1024, keepMemoryBytes: 32 * 1024 * 1024 });
    bench.eval("return 1");
    const before = bench.engine.memory.vmBytes;
    expect(bench.eval("return #string.rep('x', 50000000)")).toBe(":50000000\r\n");
    expect(bench.engine.memory.vmBytes).toBeLessThan(before * 2);
    expect(bench.eval("return 1")).toBe(":1\r\n");
  });
});

describe("scripts that run out of control in other ways", () => {
  const runaway: Record<string, string> = {
    "calls itself for ever": "local function f() return 1 + f() end return f()",
    "calls itself through a metamethod":
      "local t t = setmetatable({}, {__index = function(_, k) return t[k] end}) return t.x",
    "makes a pattern match recurse": "return string.find(string.rep('a', 300000), string.rep('a?', 200000) .. 'b')",
    "nests a message": "return cmsgpack.unpack(string.rep('\\145', 100000))",
    "nests JSON": "return cjson.decode(string.rep('[', 100000))",
  };
  for (const [what, script] of Object.entries(runaway)) {
    test(`${what}: an error, and the next script runs`, () => {
      const bench = small();
      expect(bench.eval(script)).toStartWith("-ERR ");
      expect(bench.eval("return 1")).toBe(":1\r\n");
    });
  }
});
