import { describe, test } from "bun:test";
import fc from "fast-check";
import { requireService } from "../../../tools/test-services/index.ts";
import { luaBytes, luaValue } from "./arbitrary-lua.ts";
import { expectSameGenerated, generatedTimeoutMs } from "./harness/index.ts";
import { evaluate, returns, sameEvals, shown } from "./lua-scripts.ts";

const redis = requireService("redis");

describe.skipIf(redis.missing)(`cjson is that of redis-server${redis.reason}`, () => {
  const encoded = (...values: string[]): string[] => values.map((value) => `return cjson.encode(${value})`);
  const decoded = (...texts: string[]): string[] => texts.map((text) => shown(`cjson.decode, [==[${text}]==]`));

  test("encode", () =>
    sameEvals(
      ...encoded("", "1, 2", "nil", "{}", "{1, 2, 3}", "{1, 2, nil, 4}", "true", "'12'", "12", "cjson.null"),
      ...encoded(
        "{[1] = 1, [2] = 2, [11] = 1}",
        "{[1] = 1, [100] = 2}",
        "{[2] = 1}",
        "{[10] = 1}",
        "{[11] = 1}",
        "{[2^53] = 1}",
      ),
      ...encoded(
        "{a = 1}",
        "{[1.5] = 1}",
        "{[0] = 1}",
        "{[-1] = 1, [1] = 2}",
        "{[true] = 1}",
        "{[{}] = 1}",
        "{['1'] = 1}",
      ),
      ...encoded(
        "function() end",
        "{1, function() end}",
        "{a = coroutine.create(function() end)}",
        "{cjson.null, true, false, 1.5, 'x'}",
      ),
      ...encoded(
        "1e15",
        "1e14",
        "123456789012345",
        "12345678901234567",
        "-5",
        "0.1",
        "1/3",
        "1e-7",
        "-0",
        "0/0",
        "1/0",
      ),
      ...encoded(
        "'\\0\\001\\031 \"\\\\/\\127\\200\\255\\b\\f\\n\\r\\t'",
        "setmetatable({}, {__index = {1, 2}})",
        "string.rep('a', 10000)",
      ),
      "local t = {} local x = t for i = 1, 1000 do x[1] = {} x = x[1] end return #cjson.encode(t)",
      "local t = {} local x = t for i = 1, 999 do x[1] = {} x = x[1] end return #cjson.encode(t)",
      "local t = {} t[1] = t return cjson.encode(t)",
      'return cjson.encode(cjson.decode(\'{"a":null,"b":[],"c":{},"d":[1,null,2],"e":"x"}\'))',
    ));

  test("decode", () =>
    sameEvals(
      ...decoded(
        "nan",
        "-nan(1)",
        "inf",
        "-Infinity",
        "0x1F",
        "0x1.8p3",
        "0x",
        "-0x",
        "[01]",
        "1e3",
        "-0",
        "-",
        "+1",
        "1.",
        "1.e",
        ".5",
      ),
      ...decoded(
        "1e",
        "1e+",
        "NaN",
        "I",
        "Infinit",
        "n",
        "nul",
        "nullx",
        "tru",
        "truefalse",
        "",
        " ",
        "{",
        '{"a"',
        '{"a":',
        '{"a":1',
      ),
      ...decoded(
        '{"a":1,',
        '{"a":1,}',
        "{1:1}",
        "{a:1}",
        "[",
        "[1",
        "[1,",
        "[1,]",
        "[1 2]",
        "[,]",
        "]",
        ":",
        '"abc',
        '"a\\qb"',
        '"\\u12"',
      ),
      ...decoded(
        '"\\u00e9\\u4e2d\\ud83d\\ude00"',
        '"\\ud83d"',
        '"\\ude00\\ude00"',
        '"\\ude00"',
        '"\\ud83dx"',
        '"\\ud83d\\u0041"',
        '"\\u0000"',
      ),
      ...decoded(
        '"\\"\\\\\\/\\b\\f\\n\\r\\t"',
        "[1]x",
        "[1] 2",
        "[1.2.3]",
        "[1a]",
        "[--1]",
        "123456789012345678901234567890",
        "1e400",
        "1e-400",
      ),
      ...returns(
        "cjson.decode()",
        "cjson.decode({})",
        "cjson.decode('1', '2')",
        "cjson.decode('\"\\001\"')",
        "cjson.decode('\"a\\0b\"')",
      ),
      ...returns(
        "cjson.decode('\\0a')",
        "cjson.decode('a\\0')",
        "cjson.decode('[1]\\0')",
        "cjson.decode('\\239\\187\\191[1]')",
      ),
      ...returns(
        'cjson.decode(\'{"a":1,"a":2}\').a',
        "cjson.decode('{\"1\":1}')['1']",
        "cjson.decode('null') == cjson.null",
        "cjson.decode(12)",
      ),
      "return #cjson.encode(cjson.decode(string.rep('[', 1000) .. string.rep(']', 1000)))",
      "return cjson.decode(string.rep('[', 1001) .. string.rep(']', 1001))",
      "return cjson.decode(string.rep('{\"a\":', 1001) .. '1' .. string.rep('}', 1001))",
    ));

  test("the settings", () => {
    const calls = [
      "encode_sparse_array()",
      "encode_sparse_array(1, 2, 3, 4)",
      "encode_sparse_array('x')",
      "encode_sparse_array('on')",
      "encode_sparse_array(nil, 2)",
      "encode_sparse_array(false, -1)",
      "encode_sparse_array(false, 2.7)",
      "encode_sparse_array(false, 2, -1)",
      "encode_sparse_array({})",
      "encode_max_depth()",
      "encode_max_depth(0)",
      "encode_max_depth('x')",
      "encode_max_depth(1, 2)",
      "decode_max_depth(0)",
      "decode_max_depth(5)",
      "encode_number_precision()",
      "encode_number_precision(0)",
      "encode_number_precision(15)",
      "encode_keep_buffer()",
      "encode_keep_buffer('x')",
      "encode_keep_buffer('off')",
      "encode_invalid_numbers()",
      "encode_invalid_numbers('x')",
      "encode_invalid_numbers('null')",
      "encode_invalid_numbers(true)",
      "encode_invalid_numbers(1)",
      "decode_invalid_numbers()",
      "decode_invalid_numbers('null')",
      "decode_invalid_numbers(false)",
    ];
    const own = "local c = cjson.new() ";
    return sameEvals(
      ...calls.map((call) => `${own} local r = {c.${call}} for i = 1, 3 do r[i] = tostring(r[i]) end return r`),
      `${own} c.encode_number_precision(3) return {c.encode(3.14159), cjson.encode(3.14159)}`,
      `${own} c.encode_sparse_array(true) return c.encode({[1] = 1, [100] = 2})`,
      `${own} c.encode_sparse_array(false, 0) return c.encode({[30] = 1})`,
      `${own} c.encode_invalid_numbers('null') return c.encode({0/0, 1/0, -1/0})`,
      `${own} c.encode_invalid_numbers(true) return c.encode({0/0, 1/0, -1/0})`,
      `${own} c.encode_max_depth(2) return c.encode({{{}}})`,
      `${own} c.decode_max_depth(2) return c.decode('[[[]]]')`,
      ...["nan", "0x10", "[01]", "-", "+1", "-inf", "-01", "1.5", "-0x1"].map(
        (text) => `${own} c.decode_invalid_numbers(false) return tostring(c.decode('${text}'))`,
      ),
      `${own} local names = {} for name in pairs(c) do names[#names + 1] = name end table.sort(names) return names`,
      `${own} c.x = 1 return c.x`,
      "cjson.x = 1",
      "return cjson.new(1)",
      "return cjson._NAME .. cjson._VERSION .. type(cjson.null)",
    );
  });

  const jsonText = fc
    .tuple(
      fc.json({ maxDepth: 3 }),
      fc.nat(),
      fc.constantFrom("", "{", "]", ",", '"', "\\", "\\u00", "1", "-", "e", "nul", " ", "\0"),
    )
    .map(([text, at, put]) => text.slice(0, at % (text.length + 1)) + put + text.slice(at % (text.length + 1)));

  test(
    "generated values and texts",
    () =>
      expectSameGenerated({
        commands: [
          luaValue.map((value) => evaluate(`return {pcall(cjson.encode, ${value})}`)),
          luaValue.map((value) => evaluate(`return {pcall(cjson.decode, cjson.encode({${value}}))}`)),
          jsonText.map((text) =>
            evaluate(shown(`function(x) return cjson.encode(cjson.decode(x)) end, ${luaBytes(Buffer.from(text))}`)),
          ),
        ],
        compareData: false,
        protocols: [2],
      }),
    generatedTimeoutMs,
  );
});
