import { describe, expect, test } from "bun:test";
import { ScriptBench } from "./script-bench.ts";

const bench = new ScriptBench();
const attempt = (statement: string): string =>
  bench.eval(`local ok, err = pcall(function() ${statement} end) return ok and 'it worked' or err`);

describe("tables that scripts share", () => {
  const writes = [
    "x = 1",
    "_G.x = 1",
    "redis.call = nil",
    "redis.mine = 1",
    "string.format = nil",
    "cjson.encode = nil",
    "bit[1] = 1",
    "rawset(_G, 'x', 1)",
    "rawset(table, 'insert', nil)",
    "table.insert(math, 1)",
    "table.sort(setmetatable({}, {__index = redis, __newindex = redis}), nil) setmetatable({}, {__newindex = redis}).x = 1",
    "getmetatable('').__index = {}",
    "getmetatable(_G).__index = nil",
    "setmetatable(_G, {})",
    "setmetatable(redis, nil)",
    "for k in pairs(redis) do redis[k] = nil end",
  ];
  for (const write of writes) {
    test(`cannot be changed by ${write}`, () => {
      expect(attempt(write)).toContain("Attempt to modify a readonly table");
    });
  }

  test("can be read in every way", () => {
    const script = `
      local count = 0
      for name, value in pairs(redis) do count = count + 1 end
      return {count > 10 and 1 or 0, type(next(string)), rawget(redis, 'call') == redis.call and 1 or 0, #math}`;
    expect(bench.eval(script)).toBe("*4\r\n:1\r\n$6\r\nstring\r\n:1\r\n:0\r\n");
  });

  test("are unchanged after every attempt", () => {
    expect(bench.eval("return ('%d'):format(5)")).toBe("$1\r\n5\r\n");
  });

  test("do not keep a script's own tables from being written", () => {
    const script = "local t = {} t.a = 1 t[1] = 2 rawset(t, 'b', 3) table.insert(t, 4) return {t.a, t[1], t.b, t[2]}";
    expect(bench.eval(script)).toBe("*4\r\n:1\r\n:2\r\n:3\r\n:4\r\n");
    expect(bench.eval("KEYS[2] = 'mine' return KEYS", { keys: ["k"] })).toBe("*2\r\n$1\r\nk\r\n$4\r\nmine\r\n");
    expect(bench.eval("return KEYS", { keys: ["k"] })).toBe("*1\r\n$1\r\nk\r\n");
  });
});

describe("the sandbox", () => {
  for (const name of [
    "io",
    "package",
    "require",
    "dofile",
    "loadfile",
    "print",
    "debug",
    "newproxy",
    "getfenv",
    "setfenv",
  ]) {
    test(`has no ${name}`, () => {
      expect(attempt(`return ${name}`)).toContain(`Script attempted to access nonexistent global variable '${name}'`);
    });
  }

  test("has only the clock of os", () => {
    expect(bench.eval("local names = {} for name in pairs(os) do names[#names + 1] = name end return names")).toBe(
      "*1\r\n$5\r\nclock\r\n",
    );
    expect(bench.eval("return os.clock() >= 0")).toBe(":1\r\n");
  });

  test("compiles no precompiled chunk, not even one that it made itself", () => {
    const script = `
      local dumped = string.dump(function() return 1 end)
      local f, message = loadstring(dumped)
      local g, other = load(function() return dumped end)
      return {tostring(f), message, tostring(g), other}`;
    const refused = "unexpected symbol near 'char(27)'";
    expect(bench.eval(script).split(refused)).toHaveLength(3);
    expect(bench.eval("\x1bLua")).toContain(refused);
  });
});
