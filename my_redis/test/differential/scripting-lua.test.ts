import { describe, test } from "bun:test";
import { requireService } from "../../../tools/test-services/index.ts";
import { expectSame } from "./harness/index.ts";

const redis = requireService("redis");

const sameEvals = (...scripts: string[]): Promise<void> =>
  expectSame(scripts.map((script) => ["EVAL", script, "1", "key", "argument"]));

/** Scripts that return the results of expressions as text. */
const shows = (...expressions: string[]): string[] =>
  expressions.map((expression) => `local r = {${expression}} for i = 1, #r do r[i] = tostring(r[i]) end return r`);

describe.skipIf(redis.missing)(`Lua is that of redis-server${redis.reason}`, () => {
  test("errors state the cause and the place", () =>
    sameEvals(
      "error('boom')",
      "error('boom', 0)",
      "error('boom', 2)",
      "error()",
      "error(nil)",
      "error(12)",
      "error(true)",
      "error({err = 'MINE this'})",
      "error({err = 'MINE this', source = 's', line = 3})",
      "error({err = 12})",
      "error({err = 'a\\r\\nb'})",
      "error({err = 'a\\0b'})",
      "error(setmetatable({}, {__index = {err = 'MINE inherited'}}))",
      "error('a\\0b')",
      "error(string.rep('x', 300))",
      "return error('boom')",
      "\n\nlocal function f()\n  error('deep')\nend\nlocal function g()\n  f()\nend\ng()",
      "local t = {}\nlocal x = t.a.b",
      "local x = nil; return x.y",
      "local x = nil + 1",
      "return 'a' + 1",
      "return {} .. 'x'",
      "return 1 < 'x'",
      "return {} < {}",
      "return #5",
      "foo()",
      "redis.foo()",
      "local x = {} x[nil] = 1",
      "local x = {} x[0/0] = 1",
      "return x",
      "x = 1",
      "return _G[1]",
      "return _G[true]",
      "return _G[{}]",
      "loadstring('error(\"in load\")')()",
      "loadstring('error(\"in load\")', '=name')()",
      "local n = 0 local t t = setmetatable({}, {__index = function(_, k) n = n + 1 return t[k] end}) local a, b = pcall(function() return t.x end) return {n, b}",
    ));

  test("syntax errors", () =>
    sameEvals(
      "x = ",
      "return 1 +",
      "for i = 1 do end",
      "goto x",
      "return 5 // 2",
      'return "abc',
      "--[[ unfinished",
      "return [[ unfinished",
      "return 1e",
      "return 'a\\x41'",
      "return '\\300'",
      "local x <const> = 1",
      "break",
      "return return",
      "if true then",
      `return ${"(".repeat(300)}1${")".repeat(300)}`,
      `return ${"{".repeat(150)}${"}".repeat(150)}`,
    ));

  test("pcall and xpcall", () =>
    sameEvals(
      "return {pcall(pcall)}",
      "return {pcall(xpcall)}",
      "return {pcall(pcall, 1)}",
      "return {pcall(pcall, error, 'x')}",
      "return {pcall(error, 'x')}",
      "return {pcall(error, {err = 'MINE this'})}",
      "return {pcall(error, {err = 12})}",
      "local a = {pcall(error, {})} return {a[1], type(a[2])}",
      "local a = {pcall(error)} return {tostring(a[1]), tostring(a[2]), #a}",
      "return {pcall(function() error('x') end)}",
      "return {pcall(function() error('x', 2) end)}",
      "return {pcall(function() error('x', 3) end)}",
      "return {pcall(function() error('x', 9) end)}",
      "return {pcall(function() return 1, nil, 3 end)}",
      "return select('#', pcall(function() return 1, nil, nil end))",
      "return {pcall(string.rep)}",
      "return {pcall(redis.sha1hex)}",
      "return {pcall(cjson.decode, '{')}",
      "return pcall()",
      "return {xpcall(function() error('x') end, function(e) return e .. '!', 2 end)}",
      "return {xpcall(function() error('x') end, function() error('y') end)}",
      "return {xpcall(function(...) return select('#', ...), 5 end, function() end, 7, 8)}",
      "return {xpcall(function() error('x') end)}",
      "return {xpcall(function() error('x') end, 1)}",
      "return {xpcall(1, 2)}",
      "xpcall()",
      "xpcall(1)",
      "return {xpcall(string.rep, function(e) return e end)}",
      "local function f() error('x', 4) end return {pcall(function() f() end)}",
      "local function f()\n error('x', 5) end\n local function g()\n f() end\n return {pcall(function()\n return pcall(g)\n end)}",
      "assert(false)",
      "assert(nil, 'message')",
      "return {assert(1, 2, 3)}",
    ));

  test("coroutines", () =>
    sameEvals(
      `local co = coroutine.create(function(a) local b = coroutine.yield(a + 1) return b * 2 end)
       return {{coroutine.resume(co, 1)}, {coroutine.resume(co, 10)}, {coroutine.resume(co)}, coroutine.status(co)}`,
      "local f = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end) return {f(), f(), f(), f(), {pcall(f)}}",
      "local f = coroutine.wrap(function() error('inside') end) f()",
      "local f = coroutine.wrap(function() error({err = 'MINE inside'}) end) f()",
      "return {pcall(coroutine.wrap(function() error('inside') end))}",
      "return {pcall(coroutine.wrap(function() error({err = 'MINE inside'}) end))}",
      "local f = coroutine.wrap(function() redis.call('nosuch') end) return f()",
      "return {coroutine.wrap(function() return pcall(coroutine.yield, 1) end)()}",
      "coroutine.yield(1)",
      "return coroutine.yield()",
      "return tostring(coroutine.running())",
      "return coroutine.wrap(function() return type(coroutine.running()) end)()",
      "return coroutine.wrap(function() local _, t = pcall(function() return coroutine.status(coroutine.running()) end) return t end)()",
      "local a a = coroutine.create(function() local b = coroutine.create(function() return coroutine.status(a) end) return coroutine.resume(b) end) return {coroutine.resume(a)}",
      "return coroutine.create(1)",
      "return coroutine.create(string.rep)",
      "return coroutine.resume(1)",
      "return coroutine.wrap(1)",
      "return coroutine.wrap()",
      "return coroutine.status(1)",
      "local t = setmetatable({}, {__index = function(_, k) return coroutine.yield(k) end}) return coroutine.wrap(function() return t.x end)()",
      "local co co = coroutine.create(function() return coroutine.resume(co) end) return {coroutine.resume(co)}",
      "local f f = coroutine.wrap(function() return f() end) return f()",
      "for k, v in coroutine.wrap(function() coroutine.yield(1, 2) coroutine.yield(3, 4) end) do if v == 4 then return k end end",
    ));

  test("load and loadstring", () =>
    sameEvals(
      "return loadstring('return 7')()",
      "return {loadstring('x =')}",
      ...shows(
        "loadstring('x =')",
        "loadstring('x =', 'chunk')",
        "loadstring('x =', '@chunk')",
        "loadstring('x =', '=chunk')",
      ),
      ...shows("loadstring(string.dump(function() return 1 end))", "loadstring('\\27')", "loadstring('\\27Lua', '=c')"),
      ...shows("load(function() return string.dump(function() return 1 end) end)"),
      ...shows("load(function() return 'x =' end)"),
      "local i = 0 return load(function() i = i + 1 return ({'return ', '7', nil})[i] end)()",
      "local i = 0 return load(function() i = i + 1 return ({'return ', 7, ''})[i] end)()",
      "loadstring()",
      "loadstring({})",
      "load()",
      "load('return 1')",
      "return loadstring('return KEYS[1] .. ARGV[1]')()",
      "loadstring('x = 1')()",
      "return loadstring('return ...')(5)",
    ));

  test("tonumber and tostring", () =>
    sameEvals(
      ...shows("tonumber('0x10')", "tonumber(' 10 ')", "tonumber('10a')", "tonumber('1e5')", "tonumber('')"),
      ...shows(
        "tonumber('inf')",
        "tonumber('nan')",
        "tonumber('0x1p4')",
        "tonumber('1_0')",
        "tonumber('.5')",
        "tonumber('5.')",
      ),
      ...shows(
        "tonumber('FFFFFFFFFF', 16)",
        "tonumber('zz', 36)",
        "tonumber('-ff', 16)",
        "tonumber('8', 8)",
        "tonumber('7', 8)",
      ),
      ...shows("tonumber('7fffffffffffffff', 16)", "tonumber('fffffffffffffffff', 16)", "tonumber('0x1FFFFFFFFFF')"),
      ...shows(
        "tonumber(10, 16)",
        "tonumber('1.5', 10)",
        "tonumber('1.5', 16)",
        "tonumber(' ff ', 16)",
        "tonumber('0xff', 16)",
      ),
      ...shows(
        "tonumber('-0xff', 16)",
        "tonumber('', 16)",
        "tonumber('- 1', 16)",
        "tonumber('+1', 16)",
        "tonumber('1\\0', 16)",
      ),
      ...shows(
        "tonumber('101', 2)",
        "tonumber('102', 2)",
        "tonumber('1', 10)",
        "tonumber(nil)",
        "tonumber({})",
        "tonumber(true)",
      ),
      ...shows(
        "0/0",
        "-(0/0)",
        "1/0",
        "-1/0",
        "1e100",
        "-0",
        "1e15",
        "123456789012345",
        "0.1",
        "1/3",
        "2^53",
        "cjson.null",
        "nil",
      ),
      "return tonumber('10', 99)",
      "return tonumber('10', 1)",
      "return tonumber()",
      "return tonumber({}, 16)",
      "return tostring()",
      "return tostring(setmetatable({}, {__tostring = function() return 'custom' end}))",
    ));

  test("string.format, with integers of 64 bits", () =>
    sameEvals(
      "return string.format('%d %d %x %X %o %u %i', 3e9, -3e9, -1, 2^40, 2^33, -1, 2^53)",
      "return string.format('%d|%d|%d', 1e19, -1e19, 0/0)",
      "return string.format('%20d|%-20d|%+d|%020d|%.25d|% d', 2^40, 2^40, 2^40, 2^40, 2^40, 2^40)",
      "return string.format('%#x|%#X|%#o|%20x|%-20x|%020x|%.20x', 2^40, 2^40, 2^40, 2^40, 2^40, 2^40, 2^40)",
      "return string.format('%d %s %d %%', 2^40, 'x', 5)",
      "return string.format('%5.2f|%g|%e|%x|%q|%i|%c', 3.14159, 1e20, 1.5, 255, 'a\\n\\0b\"\\\\', 5, 65)",
      "return string.format('%d %d % d %5c| %G %E', 3.99, -3.99, 5, 65, 1e-10, 1e-10)",
      "return string.format('%s %s %5s %-5s| %.2s', 12.5, 'a\\0b', 'x', 'y', 'abc')",
      "return string.format('%.3f %.20f %.0f %10.4e %.14g', 0/0, 0.1, 0.5, 12345.678, 0.1)",
      "return string.format('%d', '10') .. string.format('%d', '3000000000')",
      "return string.format('%d', 'x')",
      "return string.format('%d')",
      "return string.format('%y', 1)",
      "return string.format('%0123d', 1)",
      "return string.format('%', 2^40)",
      "return string.format('%s %s', 1)",
      "return string.format('%s', nil)",
      "return string.format('%-+ #0d', 2^40)",
      "return string.format('%-+ #00d', 2^40)",
      "return string.format('%.123d', 2^40)",
      "return string.format('%ld', 2^40)",
      "return string.format()",
      "return string.format({})",
      "return string.format(12)",
    ));

  test("other string and table functions", () =>
    sameEvals(
      ...shows(
        "string.sub('abcdef', 1, 1e10)",
        "string.sub('abcdef', -1e10, 3)",
        "string.sub('abc', 2)",
        "string.sub('abc', -2, -1)",
      ),
      ...shows(
        "string.find('a.b', '.', 1, true)",
        "string.find('abc', 'b()')",
        "string.match('k=v', '(%w+)=(%w+)')",
        "string.gsub('abc', '%w', '%0%0')",
      ),
      ...shows(
        "string.byte('abc', 1, -1)",
        "string.char(104, 105)",
        "string.rep('ab', 3)",
        "string.reverse('abc')",
        "string.upper('abc')",
      ),
      ...shows(
        "table.concat({1, 2, 3}, ',')",
        "table.concat({}, ',')",
        "table.maxn({1, 2, [10] = 3})",
        "#'abc'",
        "select('#', unpack({1, nil, 3}, 1, 3))",
      ),
      "local t = {3, 1, 2} table.sort(t) return t",
      "local t = {3, 1, 2} table.sort(t, function(a, b) return a > b end) return t",
      "local t = {1, 2} table.insert(t, 3) table.insert(t, 1, 0) table.remove(t) return t",
      "return table.concat({1, 2, {}}, ',')",
      "table.insert({}, 1, 2, 3)",
      "local t = {} table.setn(t, 1)",
      "return string.rep('x', -1)",
      "return ('x'):rep(3)",
      "string.rep()",
      "return string.gsub('x', '(', '')",
      "local arg = function(...) return arg.n end return arg(1, 2, 3)",
      "local function f(...) return arg.n end return f(1, 2, 3)",
      "local r = {} for k in pairs({a = 1, b = 2, c = 3, [1] = 4, [2.5] = 5}) do r[#r + 1] = tostring(k) end return r",
      "local r = {} for i, v in ipairs({1, 2, nil, 4}) do r[i] = v end return r",
    ));

  test("what the globals are, and that they cannot be changed", () =>
    sameEvals(
      ...["string", "table", "math", "coroutine", "bit", "cjson", "cmsgpack", "struct"].map(
        (name) =>
          `local names = {} for name in pairs(${name}) do names[#names + 1] = name end table.sort(names) return names`,
      ),
      "string.foo = 1",
      "_G.foo = 1",
      "rawset(_G, 'foo', 1)",
      "table.insert(redis, 1)",
      "setmetatable(_G, {})",
      "getmetatable(_G).__index = nil",
      "getmetatable('').__index = nil",
      "return rawget(_G, 'foo')",
      "return tostring(getmetatable(redis))",
      "return print",
      "return type(load) .. type(_G) .. _VERSION",
      "setmetatable(1, {})",
      "setmetatable({}, 1)",
      "setmetatable({})",
      "setmetatable(setmetatable({}, {__metatable = 1}), {})",
      "return getmetatable(setmetatable({}, {__metatable = 'hidden'}))",
      "return getmetatable(setmetatable(setmetatable({}, {a = 1}), {a = 2})).a",
      "return {collectgarbage('count') > 0 and 1, gcinfo() > 0 and 1, collectgarbage()}",
      "KEYS[3] = 'x' return KEYS",
    ));

  test("math.random gives the same sequence", () =>
    sameEvals(
      ...[0, 10, -10.7, "'7'", 2 ** 31, 1e10].map(
        (seed) =>
          `math.randomseed(${seed}) return {math.random(1, 100), math.random(10), tostring(math.random()), math.random(2147483647)}`,
      ),
      "return {math.random(-2147483648, 2147483647), math.random(1e10), math.random(-5, 5)}",
      "return math.random(0)",
      "return math.random(5, 1)",
      "return math.random(1, 2, 3)",
      "return math.random('x')",
      "return math.randomseed()",
      ...shows(
        "math.floor(-1.5)",
        "math.fmod(-5, 3)",
        "math.max(1, 3, 2)",
        "math.huge",
        "math.pi",
        "math.pow(2, 0.5)",
        "math.log10(1000)",
      ),
    ));
});
