import { describe, expect, test } from "bun:test";
import type { StuckVerdict } from "../../src/scripting/lua/time-limit.ts";
import { ScriptBench, steppingClock } from "./script-bench.ts";

/** Every reading of the clock finds the time used up. */
const impatient = () => new ScriptBench({ monotonicMs: steppingClock(100), limitMs: () => 50 });

/** Counts to a million in every way in which a script can be nested, so that the script is paused several times. */
const count = "local n = 0 for i = 1, 1000000 do n = n + 1 end";

describe("a script that passes its time", () => {
  const nested: Record<string, string> = {
    "in the open": `${count} return n`,
    "in pcall": `local ok, n, m = pcall(function(from) ${count} return n + from, 'x' end, 5) return {ok, n, m}`,
    "in pcall in pcall": `return {pcall(pcall, function() ${count} return n end)}`,
    "in xpcall": `return {xpcall(function() ${count} return n end, function(e) return e end)}`,
    "in a coroutine": `
      local co = coroutine.create(function(a) ${count} local b = coroutine.yield(n + a) ${count} return n * b end)
      local _, first = coroutine.resume(co, 1)
      local _, second = coroutine.resume(co, 2)
      return {first, second, coroutine.status(co)}`,
    "in a wrapped coroutine in pcall": `
      return {pcall(coroutine.wrap(function() local ok, r = pcall(function() ${count} return n end) return r end))}`,
    "before an error in pcall": `return {pcall(function() ${count} error('late') end)}`,
    "before an error table in pcall": `return {pcall(function() ${count} error({err = 'MINE late'}) end)}`,
    "before an error in xpcall": `return {xpcall(function() ${count} error('late') end, function(e) return e .. '!' end)}`,
    "before an error in a coroutine": `
      local co = coroutine.create(function() ${count} error('late') end)
      return {coroutine.resume(co)}`,
    "before an error in a wrapped coroutine": `local f = coroutine.wrap(function() ${count} error('late') end) return f()`,
    "before an error": `${count} error('late')`,
    "in a chunk made from text": `return loadstring("${count} return n")()`,
    "with many short calls":
      "local n = 0 for i = 1, 30000 do n = n + select(2, pcall(function(x) return x end, 1)) end return n",
  };
  for (const [where, script] of Object.entries(nested)) {
    test(`${where} is paused, and ends with the same result`, () => {
      const patient = new ScriptBench();
      const bench = impatient();
      expect(bench.eval(script)).toBe(patient.eval(script));
      expect(bench.pauses).toBeGreaterThan(1);
      expect(patient.pauses).toBe(0);
      expect(bench.eval("return {pcall(function() return 1 end)}")).toBe("*2\r\n:1\r\n:1\r\n");
    });
  }

  const endless: Record<string, string> = {
    "in the open": "while true do end",
    "in pcall, tried again and again": "while true do pcall(function() while true do end end) end",
    "in a coroutine": "coroutine.wrap(function() while true do end end)()",
    "in commands": "local f = function() while true do redis.call('get', 'k') end end while true do pcall(f) end",
  };
  for (const [where, script] of Object.entries(endless)) {
    test(`for ever ${where} can be killed, and leaves the engine intact`, () => {
      const bench = impatient();
      expect(bench.start(script)).toBe("paused");
      expect(bench.engine.running?.body.length).toBe(script.length);
      expect(bench.continue()).toBe("paused");
      expect(() => bench.start("return 1")).toThrow("is still running");
      expect(bench.kill()).toMatch(
        /^-ERR Script killed by user with SCRIPT KILL\.\.\. script: \w{40}, on @user_script:1\.\r\n$/,
      );
      expect(bench.engine.running).toBeUndefined();
      expect(bench.eval("return {pcall(function() return 1 end)}")).toBe("*2\r\n:1\r\n:1\r\n");
    });
  }

  test("is not paused when there is no limit", () => {
    const bench = new ScriptBench({ monotonicMs: steppingClock(1000), limitMs: () => 0 });
    expect(bench.eval(`${count} return n`)).toBe(":1000000\r\n");
    expect(bench.pauses).toBe(0);
  });
});

describe("a script that cannot be paused where it is", () => {
  const blocked: Record<string, string> = {
    "in a metamethod": "local t = setmetatable({}, {__index = function() while true do end end}) return t.x",
    "in a function called by gsub": "return (string.gsub('x', 'x', function() while true do end end))",
    "in a comparison of sort": "table.sort({1, 2}, function() while true do end end)",
    "in the handler of xpcall": "xpcall(error, function() while true do end end)",
    "in pcall in a metamethod":
      "return tostring(setmetatable({}, {__tostring = function() while true do pcall(function() while true do end end) end end}))",
    "in the function given to load": "while true do load(function() while true do end end) end",
  };
  for (const [where, script] of Object.entries(blocked)) {
    test(`${where} is ended with an error when it has written nothing`, () => {
      const bench = impatient();
      expect(bench.eval(script)).toContain("it could not be paused");
      expect(bench.eval("return {pcall(function() return 1 end)}")).toBe("*2\r\n:1\r\n:1\r\n");
    });
  }

  test("since its caller cannot wait, is ended with an error as well", () => {
    const bench = impatient();
    expect(bench.start("while true do pcall(function() while true do end end) end", { mayPause: false })).toBe("done");
    expect(bench.reply).toContain("could not be paused");
  });

  test("runs on for as long as clients are there, and ends as they say", () => {
    const loop =
      "return setmetatable({}, {__index = function() while true do pcall(function() while true do end end) end end}).x";
    for (const [last, text] of [
      ["kill", /^-ERR Script killed by user with SCRIPT KILL\.\.\. script: \w{40}, on @user_script:1\.\r\n$/],
      ["give up", /^-ERR user_script:1: Script stopped: the server ends/],
    ] as const) {
      const verdicts: number[] = [];
      const whileStuck = (lateMs: number): StuckVerdict => (verdicts.push(lateMs) < 1000 ? "wait" : last);
      const bench = new ScriptBench({ monotonicMs: steppingClock(100), limitMs: () => 50, whileStuck });
      expect(bench.eval(`redis.call('set', 'k', 1) ${loop}`)).toMatch(text);
      expect(verdicts.length).toBe(1000);
      expect(bench.eval("return 1")).toBe(":1\r\n");
    }
  });

  for (const call of ["pack(format)", "unpack(format, 'x')", "size(format)"]) {
    test(`is ended within struct.${call} of a long format`, () => {
      const bench = impatient();
      const script = `local format = string.rep(' ', 1000000) return struct.${call}`;
      expect(new ScriptBench().eval(script)).not.toContain("it could not be paused");
      expect(bench.eval(`return setmetatable({}, {__index = function() ${script} end}).x`)).toContain(
        "it could not be paused",
      );
    });
  }

  test("cannot catch the error that ends it", () => {
    const bench = impatient();
    const script =
      "local t = setmetatable({}, {__index = function() while true do end end}) while true do pcall(function() return t.x end) end";
    expect(bench.eval(script)).toContain("it could not be paused");
  });

  test("is paused as soon as that is possible", () => {
    const bench = new ScriptBench({ monotonicMs: steppingClock(0.1), limitMs: () => 5 });
    const script = `local t = setmetatable({}, {__index = function() ${count} return n end}) local n = t.x ${count} return n`;
    expect(bench.eval(script)).toBe(":1000000\r\n");
    expect(bench.pauses).toBeGreaterThan(0);
  });

  test("runs to its end once it has written", () => {
    const bench = impatient();
    const script = `redis.call('set', 'k', 1) return setmetatable({}, {__index = function() for i = 1, 50 do ${count} end return 7 end}).x`;
    expect(bench.eval(script)).toBe(":7\r\n");
  });
});

/** Runs scripts that return nil, and says how often each has read the clock. */
function readingsOf(): (script: string) => number {
  let readings = 0;
  // A clock that stands still, so that the work alone decides when it is read.
  const monotonicMs = (): number => {
    readings++;
    return 0;
  };
  const bench = new ScriptBench({ monotonicMs, limitMs: () => 1000 });
  return (script) => {
    readings = 0;
    expect(bench.eval(script)).toBe("$-1\r\n");
    return readings;
  };
}

describe("the clock is read during work that takes few instructions", () => {
  const work: Record<string, string> = {
    "long strings are joined": "local s = string.rep('x', 1e5) for i = 1, 200 do local t = s .. i end",
    "long strings are made": "for i = 1, 20 do string.rep('x', 1e6) end",
    "strings are repeated without end": "string.rep('', 2e6)",
    "tables are joined": "local t = {} for i = 1, 1000 do t[i] = 'a' end for i = 1, 200 do table.concat(t, ',') end",
    "texts are replaced": "local s = string.rep('ab', 1e5) for i = 1, 5 do s:gsub('a', 'b') end",
    "a pattern tries many places": "string.find(('a'):rep(18), ('a?'):rep(18) .. ('a'):rep(18))",
    "a plain text is searched": "local s = string.rep('x', 1e6) for i = 1, 100 do s:find('y', 1, true) end",
    "long strings are compared": `local a = string.rep('x', 1e6) local b = a .. 'b' a = a .. 'a'
      for i = 1, 10 do local less = a < b end for i = 1, 10 do local less = a <= b end`,
    "a table is sorted": "local t = {} for i = 1, 2e5 do t[i] = (i * 7919) % 100003 end table.sort(t)",
    "elements are moved": "local t = {} for i = 1, 1e4 do t[i] = i end for i = 1, 50 do table.insert(t, 1, 0) end",
    "JSON is written and read":
      "local t = {} for i = 1, 1e4 do t[i] = i end for i = 1, 20 do cjson.decode(cjson.encode(t)) end",
    "MessagePack is written and read":
      "local t = {} for i = 1, 1e4 do t[i] = i end for i = 1, 20 do cmsgpack.unpack(cmsgpack.pack(t)) end",
    "hashes are made": "local s = string.rep('x', 1e5) for i = 1, 100 do redis.sha1hex(s) end",
    "structures are packed": "local f = string.rep('x', 1e5) for i = 1, 20 do struct.pack(f) end",
    "commands run": "for i = 1, 5000 do redis.call('get', 'k') end",
  };
  for (const [what, script] of Object.entries(work)) {
    test(`while ${what}`, () => {
      const readings = readingsOf();
      readings("return nil");
      expect(readings(script)).toBeGreaterThan(15);
    });
  }

  const array = "local value = {} for i = 1, 1e5 do value[i] = i end";
  const object = "local value = {} for i = 1, 5e4 do value['k' .. i] = i end";
  const text = "local value = string.rep('\\n', 1e6)";
  const calls: Record<string, readonly [prepare: string, call: string]> = {
    "cjson.encode of an array": [array, "cjson.encode(value)"],
    "cjson.encode of an object": [object, "cjson.encode(value)"],
    "cjson.encode of a text": [text, "cjson.encode(value)"],
    "cjson.decode of an array": [`${array} value = cjson.encode(value)`, "cjson.decode(value)"],
    "cjson.decode of an object": [`${object} value = cjson.encode(value)`, "cjson.decode(value)"],
    "cjson.decode of a text": [`${text} value = cjson.encode(value)`, "cjson.decode(value)"],
    "cmsgpack.pack of an array": [array, "cmsgpack.pack(value)"],
    "cmsgpack.pack of an object": [object, "cmsgpack.pack(value)"],
    "cmsgpack.unpack of an array": [`${array} value = cmsgpack.pack(value)`, "cmsgpack.unpack(value)"],
    "cmsgpack.unpack of an object": [`${object} value = cmsgpack.pack(value)`, "cmsgpack.unpack(value)"],
  };
  for (const [what, [prepare, call]] of Object.entries(calls)) {
    test(`within one ${what}`, () => {
      const readings = readingsOf();
      readings(prepare);
      expect(readings(`${prepare} ${call}`) - readings(prepare)).toBeGreaterThan(15);
    });
  }

  const endlessSearches = {
    "a pattern that tries too many places": "string.find(('a'):rep(40), ('a?'):rep(40) .. ('a'):rep(40))",
    "a search for a long text": "string.find(('a'):rep(2e6), ('a'):rep(1e6) .. 'b', 1, true)",
  };
  test.each(Object.entries(endlessSearches))("%s is stopped, and so is pcall around it", (_, search) => {
    const bench = impatient();
    expect(bench.eval(`return ${search}`)).toMatch(/^-.*Script stopped after \d+ ms: it could not be paused/);
    expect(bench.eval(`while true do pcall(function() ${search} end) end`)).toMatch(/^-.*Script stopped after/);
    expect(bench.eval("return 1")).toBe(":1\r\n");
  });

  test("a script that has written goes on in a native function, and pauses after it", () => {
    const bench = impatient();
    const search = "string.find(('a'):rep(18), ('a?'):rep(18) .. ('a'):rep(18))";
    expect(bench.eval(`redis.call('set', 'k', 1) for i = 1, 3 do ${search} end return 7`)).toBe(":7\r\n");
    expect(bench.pauses).toBeGreaterThan(1);
  });
});
