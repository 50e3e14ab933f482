import { describe, test } from "bun:test";
import { requireService } from "../../../tools/test-services/index.ts";
import type { Comparer } from "./harness/compare.ts";
import { expectSame, type Step, type Word } from "./harness/index.ts";

const redis = requireService("redis");
const sha1 = (text: string): string => new Bun.CryptoHasher("sha1").update(text).digest("hex");

/** Each script in an EVAL of its own, with one key and one argument. */
const evals = (...scripts: string[]): Step[] => scripts.map((script) => ["EVAL", script, "1", "key", "argument"]);
const sameEvals = (...scripts: string[]): Promise<void> => expectSame(evals(...scripts));

/** The text of a script that returns the whole content of a table, sorted. */
const showTable = (table: string): string =>
  `local e = ${table} local r = {} for k, v in pairs(e) do r[#r + 1] = k .. '=' .. tostring(v) end table.sort(r) return r`;

/** Compares INFO where the pattern matches. */
const sameLines =
  (pattern: RegExp): Comparer =>
  (...replies) => {
    const [ours, theirs] = replies.map(({ text }) => (text?.match(pattern) ?? []).toSorted().join());
    return ours !== "" && ours === theirs;
  };

describe.skipIf(redis.missing)(`scripts answer as those of redis-server do${redis.reason}`, () => {
  test("EVAL takes a script, a number of keys, keys and arguments", () => {
    const show = "return {KEYS[1], KEYS[2], ARGV[1], ARGV[2], #KEYS, #ARGV}";
    return expectSame([
      ["EVAL", show, "0"],
      ["EVAL", show, "1", "a"],
      ["EVAL", show, "2", "a", "b", "c", "d"],
      ["EVAL", show, "0", "a\r\n", Buffer.from([0, 255, 10])],
      ["EVAL", show, "3", "a", "b"],
      ["EVAL", show, "-1", "a"],
      ["EVAL", show, "x", "a"],
      ["EVAL", show, "99999999999999999999"],
      ["EVAL", show],
      ["EVAL"],
      ["EVAL", "", "0"],
      ["EVAL", "return (", "0"],
      ["EVAL", "return (", "x"],
      ["EVAL_RO", show, "1", "a", "b"],
    ]);
  });

  test("EVALSHA runs a script that EVAL or SCRIPT LOAD has cached", () => {
    const digest = sha1("return ARGV[1]");
    return expectSame([
      ["SCRIPT", "FLUSH"],
      ["EVALSHA", digest, "0", "x"],
      ["SCRIPT", "LOAD", "return ARGV[1]"],
      ["EVALSHA", digest, "0", "x"],
      ["EVALSHA", digest.toUpperCase(), "0", "x"],
      ["EVALSHA_RO", digest, "0", "x"],
      ["EVALSHA", digest, "x"],
      ["EVALSHA", digest, "1"],
      ["EVALSHA", digest.slice(1), "x"],
      ["EVALSHA", `${digest}0`, "0"],
      ["EVALSHA", "x".repeat(40), "0"],
      ["EVALSHA_RO", "x".repeat(40), "0"],
      ["EVALSHA", digest],
      ["EVAL", "return 'other'", "0"],
      ["EVALSHA", sha1("return 'other'"), "0"],
      ["EVAL", "return {", "0"],
      ["EVALSHA", sha1("return {"), "0"],
    ]);
  });

  test("SCRIPT manages the cached scripts", () =>
    expectSame([
      ["SCRIPT", "FLUSH", "SYNC"],
      ["SCRIPT", "LOAD", "return 1"],
      ["SCRIPT", "LOAD", "return 1"],
      ["SCRIPT", "LOAD", "return {"],
      ["SCRIPT", "LOAD", "#!lua flags=nonsense\nreturn 1"],
      ["SCRIPT", "LOAD"],
      ["SCRIPT", "EXISTS", sha1("return 1"), sha1("return 1").toUpperCase(), sha1("return 2"), "x"],
      ["SCRIPT", "EXISTS"],
      ["SCRIPT", "FLUSH", "ASYNC"],
      ["SCRIPT", "EXISTS", sha1("return 1")],
      ["SCRIPT", "FLUSH", "NOW"],
      ["SCRIPT", "FLUSH", "SYNC", "SYNC"],
      ["SCRIPT", "KILL"],
      ["SCRIPT", "KILL", "x"],
      { on: 0, command: ["SCRIPT", "DEBUG", "NO"] },
      { on: 0, command: ["SCRIPT", "DEBUG", "MAYBE"] },
      ["SCRIPT", "DEBUG"],
      ["SCRIPT", "NOSUCH"],
      // Only the first line is the same. The rest is in our own words.
      { command: ["SCRIPT", "HELP"], compare: (ours, theirs) => ours.items?.[0]?.text === theirs.items?.[0]?.text },
      ["SCRIPT"],
      ["COMMAND", "GETKEYS", "EVAL", "return 1", "2", "a", "b", "c"],
      ["COMMAND", "GETKEYS", "EVALSHA_RO", "x", "1", "a", "b"],
      ["COMMAND", "GETKEYS", "EVAL", "return 1", "0", "a"],
    ]));

  test("a shebang sets flags, and is refused when it is invalid", () =>
    sameEvals(
      "#!lua\nreturn 1",
      "#!lua flags=no-writes\nreturn redis.call('set', KEYS[1], 1)",
      "#!lua flags=no-writes\nreturn redis.call('get', KEYS[1])",
      "#!lua flags=no-writes,allow-oom,allow-stale,no-cluster,allow-cross-slot-keys\nreturn 1",
      "#!lua flags=no-writes flags=allow-oom\nreturn 1",
      "#!lua flags=\nreturn 1",
      "#!lua flags=no-writes, allow-stale\nreturn 1",
      "#!lua flags=nonsense\nreturn 1",
      "#!lua name=x\nreturn 1",
      "#!lua x\nreturn 1",
      "#!python\nreturn 1",
      "#!\nreturn 1",
      "#!lua",
      "#!lua 'x\nreturn 1",
      "#lua\nreturn 1",
      "#!lua  flags=no-writes   \nerror('line two')",
    ));

  test("EVAL_RO only reads", () => {
    const writes = "return redis.call('set', KEYS[1], 1)";
    const steps: Step[] = ["EVAL_RO", "EVAL"].flatMap((name): Word[][] => [
      [name, writes, "1", "k"],
      [name, `#!lua\n${writes}`, "1", "k"],
      [name, `#!lua flags=no-writes\n${writes}`, "1", "k"],
      [name, "return redis.pcall('set', KEYS[1], 1)", "1", "k"],
      [name, "return redis.call('get', KEYS[1])", "1", "k"],
    ]);
    return expectSame([...steps, ["SCRIPT", "LOAD", writes], ["EVALSHA_RO", sha1(writes), "1", "k"]]);
  });

  test("scripts that would overflow the stack or change shared state are refused", () =>
    sameEvals(
      "return {unpack({1, 2, 3}, -2, 2147483647)}",
      "return {unpack({1, 2, 3}, 0, 2147483647)}",
      "return {unpack({1, 2, 3}, -2147483648)}",
      "return {unpack({1, 2, 3}, -2147483648, -2)}",
      "return {unpack({1, 2, 3}, 1, 100000)}",
      "return {unpack({1, 2, 3}, -1, -2)}",
      "return select('#', unpack({1, 2, 3}, -2147483648, -2147483646))",
      "return {unpack({1, 2, 3}, '2')}",
      "return {unpack({1, 2, 3}, 'x')}",
      "return {unpack({1, 2, 3}, {})}",
      "return {unpack('text', 1, 2)}",
      "return unpack()",
      "return bit.tohex(65535, -2147483648)",
      "getmetatable('').__index = function() return 1 end",
      "getmetatable(1.5).__index = function() return 1 end",
      "getmetatable(print).__index = function() return 1 end",
      "error(redis.error_reply('X\\r\\n+INJECTED'))",
      "return 1",
    ));

  test("tables within tables become arrays within arrays, thousands deep", () =>
    sameEvals(
      "return {1, {2, {3, {}}, {map = {a = {1, 2}}}}, {set = {x = true}}, 4}",
      "return {map = {a = {map = {b = {set = {c = true}}}}}}",
      "return {set = {[1] = true}, 5}",
      "return {map = {}, set = {a = true}}",
      "return {{err = 'MINE own'}, {ok = 'fine'}, {double = 0.5}, 7}",
      "local a = {} for i = 1, 2000 do a = {a, i} end return a",
      "local a = {} for i = 1, 2000 do a = {map = {x = a}} end return a",
      "return 1",
    ));

  test("INFO counts scripts that answer with an error, and their errors, as redis-server does", () =>
    expectSame([
      ["CONFIG", "RESETSTAT"],
      ["EVAL", "return redis.call('select', 99)", "0"],
      ["EVAL", "return redis.pcall('select', 99)", "0"],
      ["EVAL", "redis.pcall('select', 99) return 1", "0"],
      ["EVAL", "return redis.error_reply('MINE own')", "0"],
      ["EVAL", "error('mine')", "0"],
      ["EVAL", "return '-'", "0"],
      ["EVAL", "return {}", "x"],
      {
        command: ["INFO", "commandstats"],
        compare: sameLines(/^cmdstat_(?:eval|select):calls=\d+|(?<=^cmdstat_(?:eval|select):.*)rejected.*$/gm),
      },
      { command: ["INFO", "errorstats"], compare: sameLines(/^errorstat_(?!LOADING).*$/gm) },
    ]));

  test("redis.call answers with Lua values, and raises errors", () =>
    sameEvals(
      "return redis.call('set', KEYS[1], ARGV[1])",
      "return redis.call('get', KEYS[1])",
      "return redis.call('get', 'nothing')",
      "return redis.call('incr', KEYS[1])",
      "return redis.pcall('incr', KEYS[1])",
      "return redis.call('incrby', 'number', 5)",
      "return redis.call('GeT', 'number')",
      "return redis.call('hset', 'hash', 'a', 1, 'b', 2.5)",
      "return redis.call('hgetall', 'hash')",
      "return redis.call('get', 'hash')",
      "return redis.call('mget', KEYS[1], 'nothing', 'number')",
      "return redis.call('set', KEYS[1], 'x', 'nx')",
      "return type(redis.call('get', 'nothing')) .. type(redis.call('set', KEYS[1], 'x', 'nx'))",
      "return redis.call('ping').ok",
      "return redis.call('echo', 1/3) .. redis.call('echo', 1e20) .. redis.call('echo', -0.5) .. redis.call('echo', 2^53)",
      "return {redis.call('echo', 100000000000000000), redis.call('echo', 12345.678), redis.call('echo', 1/0)}",
      "return redis.call('echo', 'a\\0b\\r\\n')",
      showTable("redis.pcall('get', 'hash')"),
      showTable("redis.pcall('nosuch')"),
      "local ok, e = pcall(redis.call, 'get', 'hash') return {tostring(ok), type(e), tostring(e)}",
      "local ok, e = pcall(redis.call, 'nosuch') return {tostring(ok), type(e), tostring(e)}",
      `local e select(2, xpcall(function() redis.call('get', 'hash') end, function(x) e = x end)) ${showTable("e")}`,
    ));

  test("redis.call passes numbers of every kind and any number of arguments", () => {
    const numbers = [
      ...["0", "-0", "1", "-1", "7.0", "0.5", "-1.5", "1/3", "2^31", "-2^31", "2^53-1", "1-2^53", "2^53", "-2^53"],
      ...["2^53+2", "2^63", "-2^63", "2^64", "1e15", "1e16", "1e17", "1e300", "-1e-300", "1/0", "-1/0"],
    ];
    const repeated = (count: number): string =>
      `local a = {} for i = 1, ${count} do a[i] = i * 1000 end return redis.call('RPUSH', KEYS[1], unpack(a))`;
    return expectSame([
      ...evals(...numbers.map((number) => `return redis.call('ECHO', ${number})`)),
      // The command and the key are the first two.
      ...[1, 61, 62, 63, 64, 1000].flatMap((count): Step[] => [
        ["DEL", "key"],
        ["EVAL", repeated(count), "1", "key"],
        ["LRANGE", "key", "0", "-1"],
      ]),
      ...evals(
        "return redis.call()",
        "return redis.call('ECHO', true)",
        "return redis.call('ECHO', {})",
        "return redis.call('ECHO', nil)",
        "return redis.call(5)",
        "return redis.pcall('ECHO', 1, 2)",
        "return redis.call('ECHO', '')",
      ),
    ]);
  });

  test("redis.call answers with short and long replies alike", () => {
    // A reply of 16 KiB, with "$16374", two line ends and the value.
    const sizes = [0, 1, 1000, 16_373, 16_374, 16_375, 16_376, 100_000];
    return expectSame([
      ...sizes.flatMap((size) => evals(`return redis.call('ECHO', string.rep('x', ${size}))`)),
      ...[1, 10, 500, 3000, 20_000].flatMap((count): Step[] => [
        ["DEL", "key"],
        ["EVAL", `for i = 1, ${count} do redis.call('RPUSH', KEYS[1], i) end`, "1", "key"],
        ["EVAL", "local a = redis.call('LRANGE', KEYS[1], 0, -1) return {#a, a[1], a[#a]}", "1", "key"],
      ]),
      ["DEL", "key"],
      ...evals(
        "return redis.call('MGET', 'missing', KEYS[1], 'missing')",
        "return redis.call('LRANGE', KEYS[1], 0, 1)",
      ),
      ["XADD", "key", "1-1", "field", "value", "other", "more"],
      ...evals("return redis.call('XREAD', 'STREAMS', KEYS[1], 0)"),
      ...evals("redis.setresp(3) return redis.call('XREAD', 'STREAMS', KEYS[1], 0)"),
    ]);
  });

  test("redis.call refuses commands that scripts may not run", () =>
    sameEvals(
      "return redis.call()",
      "return redis.pcall()",
      "return redis.call({})",
      "return redis.call(nil)",
      "return redis.call('set', 'k', true)",
      "return redis.pcall('set', 'k', {})",
      "return redis.call(1)",
      "return redis.call('nosuch', 'x')",
      "return redis.call('config', 'nosuch')",
      "return redis.call('get')",
      "return redis.call('get', 'a', 'b')",
      "return redis.call('eval', 'return 1', '0')",
      "return redis.call('multi')",
      "return redis.call('watch', 'k')",
      "return redis.pcall('script', 'load', 'return 1')",
      "return redis.acl_check_cmd()",
      "return redis.acl_check_cmd('get', 'x')",
      "return redis.acl_check_cmd('nosuch', 'x')",
      "return redis.acl_check_cmd({})",
    ));

  test("a script returns every kind of value", () =>
    sameEvals(
      "return nil",
      "return",
      "return 1, 2",
      "return true",
      "return false",
      "return 3.99",
      "return -3.99",
      "return 9007199254740993",
      "return 1e300",
      "return -1e300",
      "return 0/0",
      "return ''",
      "return 'a\\0\\r\\nb'",
      "return {}",
      "return {1, 'a', {2, {3}}, true, false}",
      "return {1, 2, nil, 4}",
      "return {1, 2, nil, 3, n = 4}",
      "return {nil, 1}",
      "return {[0] = 1, [1] = 2, [3] = 3}",
      "return function() end",
      "return {function() end, 1}",
      "return coroutine.create(function() end)",
      "return cjson.null",
      "return {ok = 'fine\\r\\nreally'}",
      "return {err = 'MINE is\\r\\nthis'}",
      "return {err = '-MINE this'}",
      "return {err = 'oneword'}",
      "return {ok = 1}",
      "return {err = 1}",
      "return {err = {}}",
      "return {ok = 'a', err = 'b'}",
      "return {1, {err = 'b c'}, {ok = 'd'}}",
      "return {double = 3.14}",
      "return {double = 1e100}",
      "return {double = -1/0}",
      "return {double = 3}",
      "return {double = '1'}",
      "return {map = {a = 1}}",
      "return {map = {a = {map = {b = {1, 2}}}}}",
      "return {map = {}}",
      "return {map = 1}",
      "return {set = {a = true}}",
      "return {set = {[1.5] = false}}",
      "return {set = {}}",
      "return {big_number = '12345678901234567890'}",
      "return {big_number = '12\\r\\n3'}",
      "return {big_number = 12}",
      "return {verbatim_string = {string = 'text', format = 'txt'}}",
      "return {verbatim_string = {string = 'text', format = 'm'}}",
      "return {verbatim_string = {string = 'text', format = 'markdown'}}",
      "return {verbatim_string = {string = 'text'}}",
      "return {verbatim_string = {format = 'txt'}}",
      "return {verbatim_string = 'text'}",
      "return setmetatable({1, 2}, {__index = function(t, k) return k < 5 and k or nil end})",
      "return setmetatable({}, {__index = {ok = 'no'}})",
      "return {err = 'a\\0b c'}",
      "return {ok = 'a\\0b c'}",
      "local t = {} for i = 1, 300 do t = {t} end return t",
    ));

  test("redis.setresp chooses the protocol of replies", () =>
    sameEvals(
      ...["2", "3"].flatMap((protocol) =>
        [
          "return true",
          "return false",
          "return nil",
          "return {true, false, 1}",
          "return redis.call('hgetall', 'nothing')",
          "return redis.call('get', 'nothing')",
          "return tostring(redis.call('get', 'nothing'))",
          "redis.call('hset', 'h', 'f', 'v') return redis.call('hgetall', 'h')",
          "return redis.call('hgetall', 'h').map and 'map' or 'array'",
          "return redis.call('mget', 'nothing', 'x')",
          "return #redis.call('mget', 'nothing', 'x', 'nothing')",
        ].map((script) => `redis.setresp(${protocol}) ${script}`),
      ),
      "return redis.setresp(4)",
      "return redis.setresp()",
      "return redis.setresp('3')",
      "return redis.setresp('x')",
      "return redis.setresp(2, 3)",
    ));

  test("the other functions of redis", () =>
    sameEvals(
      "return redis.error_reply('MINE is this')",
      "return redis.error_reply('-MINE is this')",
      "return redis.error_reply('oneword')",
      "return redis.error_reply('-oneword')",
      "return redis.error_reply('')",
      "return redis.error_reply()",
      "return redis.error_reply(1)",
      "return redis.error_reply({})",
      "return redis.error_reply('a\\0b c')",
      "return redis.error_reply('\\r\\nMINE this\\r\\n')",
      showTable("redis.error_reply('MINE this')"),
      "return redis.status_reply('fine')",
      "return redis.status_reply()",
      "return redis.status_reply({})",
      "return redis.status_reply(12)",
      "return redis.sha1hex()",
      "return redis.sha1hex('')",
      "return redis.sha1hex(12)",
      "return redis.sha1hex({})",
      "return redis.sha1hex('a\\0b')",
      "return redis.log()",
      "return redis.log(1)",
      "return redis.log('a', 'b')",
      "return redis.log(10, 'b')",
      "return redis.log(redis.LOG_DEBUG, 'b', {}, 12)",
      "return redis.set_repl(redis.REPL_ALL)",
      "return redis.set_repl(9)",
      "return redis.set_repl()",
      "return redis.set_repl(1, 2)",
      "return redis.set_repl('x')",
      "return tostring(redis.replicate_commands())",
      "return redis.breakpoint()",
      "return redis.debug('a')",
      "return {redis.LOG_DEBUG, redis.LOG_VERBOSE, redis.LOG_NOTICE, redis.LOG_WARNING}",
      "return {redis.REPL_NONE, redis.REPL_AOF, redis.REPL_SLAVE, redis.REPL_REPLICA, redis.REPL_ALL}",
      "local names = {} for name in pairs(redis) do names[#names + 1] = name end table.sort(names) return names",
    ));

  test("time stands still during a script, which may run in a transaction and select its own database", () =>
    expectSame([
      ["SELECT", "3"],
      [
        "EVAL",
        "redis.call('set', 'k', 1) redis.call('select', 5) redis.call('set', 'k', 2) return redis.call('get', 'k')",
        "0",
      ],
      ["GET", "k"],
      ["SELECT", "5"],
      ["GET", "k"],
      ["MULTI"],
      ["EVAL", "return redis.call('incr', 'k')", "0"],
      ["EVALSHA", "x".repeat(40), "0"],
      ["EVAL", "return {", "0"],
      ["GET", "k"],
      ["EXEC"],
      [
        "EVAL",
        "redis.call('set', 'e', 1, 'px', 1) local n = 0 while n < 1000000 do n = n + 1 end return redis.call('get', 'e')",
        "0",
      ],
      ["EVAL", "return redis.call('set', 'a', 1) and redis.call('nosuch')", "0"],
      ["GET", "a"],
    ]));

  test("writes of scripts count for WATCH", () =>
    expectSame([
      ["WATCH", "k"],
      { on: 1, command: ["EVAL", "return redis.call('set', KEYS[1], 1)", "1", "k"] },
      ["MULTI"],
      ["GET", "k"],
      ["EXEC"],
    ]));
});
