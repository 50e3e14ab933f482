import { describe, test } from "bun:test";
import fc from "fast-check";
import { requireService } from "../../../tools/test-services/index.ts";
import { bytesOf, luaBytes, luaNumber, luaValue } from "./arbitrary-lua.ts";
import { expectSameGenerated, generatedTimeoutMs } from "./harness/index.ts";
import { evaluate, returns, sameEvals, shown } from "./lua-scripts.ts";

const redis = requireService("redis");

describe.skipIf(redis.missing)(`cmsgpack is that of redis-server${redis.reason}`, () => {
  const packed = (...values: string[]): string[] =>
    values.map((value) => `local s = cmsgpack.pack(${value}) return {#s, hex(s:sub(1, 40))}`);

  test("pack", () =>
    sameEvals(
      ...packed(
        "nil",
        "true",
        "false",
        "0",
        "127",
        "128",
        "255",
        "256",
        "65535",
        "65536",
        "4294967295",
        "4294967296",
        "2^53",
        "2^63",
        "2^64",
      ),
      ...packed(
        "-1",
        "-32",
        "-33",
        "-128",
        "-129",
        "-32768",
        "-32769",
        "-2147483648",
        "-2147483649",
        "-2^63",
        "-2^64",
        "1.5",
        "0.1",
        "1e300",
      ),
      ...packed(
        "1/0",
        "-1/0",
        "0/0",
        "''",
        "'a'",
        ...[31, 32, 255, 256, 65535, 65536].map((length) => `string.rep('a', ${length})`),
      ),
      ...packed(
        "{}",
        "{1, 2, 3}",
        "{1, nil, 3}",
        "{a = 1}",
        "{[1] = 1, [2] = 2, [4] = 4}",
        "{[1.5] = 1}",
        "{[0] = 1}",
        "{[-1] = 1}",
        "{['1'] = 1}",
      ),
      ...packed(
        "{[1] = 1, ['2'] = 2}",
        "{{}, {{}}}",
        "cjson.null",
        "function() end",
        "{[true] = 1}",
        "{1, 2, x = 3}",
        "1, 'a', nil, {}",
      ),
      "return cmsgpack.pack()",
      "local t = {} local x = t for i = 1, 20 do x[1] = {} x = x[1] end return hex(cmsgpack.pack(t))",
      "local t = {} t.a = t return #cmsgpack.pack(t)",
      ...[15, 16, 65535, 65536].map(
        (count) => `local a = {} for i = 1, ${count} do a[i] = 1 end return hex(cmsgpack.pack(a):sub(1, 6))`,
      ),
      ...[15, 16].map(
        (count) => `local a = {} for i = 1, ${count} do a['k' .. i] = 1 end return hex(cmsgpack.pack(a):sub(1, 6))`,
      ),
    ));

  test("unpack, unpack_one and unpack_limit", () =>
    sameEvals(
      ...[
        "",
        "\\193",
        "\\204",
        "\\146\\001",
        "\\129\\001",
        "\\162a",
        "\\001\\002\\003",
        "\\192",
        "\\194",
        "\\195",
        "\\196\\1a",
        "\\217\\1a",
      ].map((text) => shown(`cmsgpack.unpack, '${text}'`)),
      ...[
        "\\207\\255\\255\\255\\255\\255\\255\\255\\255",
        "\\211\\128\\0\\0\\0\\0\\0\\0\\0",
        "\\202\\63\\128\\0\\0",
        "\\203\\63\\240\\0\\0\\0\\0\\0\\0",
      ].map((text) => shown(`cmsgpack.unpack, '${text}'`)),
      ...[
        "\\199\\1\\1a",
        "\\212\\1a",
        "\\197\\0\\1a",
        "\\198\\0\\0\\0\\1a",
        "\\129\\192\\1",
        "\\221\\255\\255\\255\\255\\1",
        "\\219\\255\\255\\255\\255\\1",
      ].map((text) => shown(`cmsgpack.unpack, '${text}'`)),
      ...["", ", 1", ", 2", ", 3", ", 4", ", -1", ", nil", ", 'x'"].map((more) =>
        shown(`cmsgpack.unpack_one, '\\1\\2\\3'${more}`),
      ),
      ...["", ", 2", ", 2, 1", ", 5, 1", ", 0", ", -1", ", 0, 1", ", 1, -1", ", 'x'"].map((more) =>
        shown(`cmsgpack.unpack_limit, '\\1\\2\\3'${more}`),
      ),
      ...returns(
        "cmsgpack.unpack()",
        "cmsgpack.unpack({})",
        "cmsgpack.unpack(12)",
        "cmsgpack.unpack_one('')",
        "cmsgpack._NAME .. cmsgpack._VERSION",
      ),
      "return cmsgpack.unpack(string.rep('\\145', 100) .. '\\1') and 1",
      "return cmsgpack.unpack(string.rep('\\145', 10000) .. '\\1') and 1",
      "return cmsgpack.unpack(string.rep('\\129\\1', 10000) .. '\\1') and 1",
      "return cmsgpack.unpack(string.rep('\\1', 9000)) and 1",
      "return select('#', cmsgpack.unpack(string.rep('\\1', 7000)))",
    ));

  // The codes of floats are left out, because the sign of a NaN is kept differently.
  const message = bytesOf(0, 201).map((bytes) => luaBytes(bytes));

  test(
    "generated values and messages",
    () =>
      expectSameGenerated({
        commands: [
          luaValue.map((value) => evaluate(`return hex(cmsgpack.pack(${value}))`)),
          luaValue.map((value) => evaluate(`return {cjson.encode({cmsgpack.unpack(cmsgpack.pack(${value}))})}`)),
          message.map((bytes) =>
            evaluate(shown(`function(x) return hex(cmsgpack.pack(cmsgpack.unpack(x))) end, ${bytes}`)),
          ),
        ],
        compareData: false,
        protocols: [2],
      }),
    generatedTimeoutMs,
  );
});

describe.skipIf(redis.missing)(`struct is that of redis-server${redis.reason}`, () => {
  const packed = (format: string, ...values: string[]): string =>
    `return hex(struct.pack(${[`'${format}'`, ...values].join(", ")}))`;

  test("pack", () =>
    sameEvals(
      ...[
        "b",
        "H",
        "i",
        "I",
        "l",
        "T",
        "i3",
        "i5",
        "I8",
        "i9",
        "i16",
        "i32",
        "i0",
        "f",
        "d",
        ">i",
        ">i3",
        ">d",
      ].flatMap((format) =>
        ["1", "-1", "300", "2^31", "2^40", "2^63", "2^64", "-2^64", "1.9", "-1.9", "1/0", "0/0", "'12'"].map((value) =>
          packed(format, value),
        ),
      ),
      packed("s", "'abc'"),
      packed("s", "'a\\0c'"),
      packed("c0", "'abc'"),
      packed("c2", "'abc'"),
      packed("c5", "'abc'"),
      packed("cc", "'a'", "'b'"),
      packed("b x b", "1", "2"),
      ...[
        "!bi",
        "!4bi",
        "!8bd",
        "!2bi",
        "!1bi",
        "!bl",
        "!16bd",
        "!ih",
        "b!i",
        "!b!1i",
        "!bxi",
        "!4 b i8",
        ">!bi",
        ">!4b<i",
      ].map((format) => packed(format, "1", "2")),
      packed("!bs i", "1", "'abc'", "2"),
      ...[
        "z",
        "?",
        "%",
        "1",
        "i1x2",
        "c-1",
        "i33",
        "!3i",
        "!0i",
        "=i",
        "c99999999999",
        "i99999999999",
        "c2147483648",
      ].map((format) => packed(format, "1", "2")),
      ...returns(
        "struct.pack()",
        "struct.pack({})",
        "struct.pack(1)",
        "struct.pack('i')",
        "struct.pack('s')",
        "struct.pack('i', 'x')",
        "struct.pack('s', {})",
      ),
    ));

  test("unpack and size", () => {
    const data =
      "'\\1\\2\\3\\4\\5\\6\\7\\8\\9\\10\\250\\251\\252\\253\\254\\255\\255\\255\\255\\255\\255\\255\\255\\255\\255\\255\\255\\255\\255\\255\\255\\255'";
    const formats = [
      "b",
      "B",
      "h",
      "H",
      "i",
      "I",
      "l",
      "T",
      "i1",
      "i3",
      "i5",
      "i8",
      "I8",
      "i9",
      "i16",
      "f",
      ">i",
      ">I8",
      ">i3",
      ">d",
      ">f",
    ];
    const combined = ["bbbb", "i3i3", "c3", "c0", "bc0", "Bc0B", "s", "xb", "!bi", "!16bi16"];
    return sameEvals(
      ...[...formats, ...combined].flatMap((format) =>
        ["", ", 12", ", 11"].map((at) => shown(`struct.unpack, '${format}', ${data}${at}`)),
      ),
      ...[
        "'i', 'abc'",
        "'s', 'abc'",
        "'s', 'ab\\0c'",
        "'ss', 'ab\\0c'",
        "'c0', 'abc'",
        "'bc0', '\\5abc'",
        "'bc0', '\\3abc'",
        "'bc0', '\\255abc'",
      ].map((call) => shown(`struct.unpack, ${call}`)),
      ...[
        "'b', 'a', 0",
        "'b', 'a', -1",
        "'b', 'a', 2",
        "'', 'a'",
        "'', 'a', 5",
        "'', 'a', -5",
        "'b', 'a', 2^31",
        "'c3', 'abc', 2",
        "'z', 'abc'",
      ].map((call) => shown(`struct.unpack, ${call}`)),
      ...[
        "'sc0', '3\\0abc'",
        "'sc0', 'x\\0abc'",
        "'x', ''",
        "'c2147483647', 'a'",
        "'c2147483648', 'a'",
        "'b'",
        "'b', {}",
        "'b', 'a', 'x'",
        "",
      ].map((call) => shown(`struct.unpack${call === "" ? "" : `, ${call}`}`)),
      "return select('#', struct.unpack(string.rep('b', 7000), string.rep('a', 7000)))",
      "return select('#', struct.unpack(string.rep('b', 9000), string.rep('a', 9000)))",
      ...[
        "b",
        "i",
        "l",
        "bi",
        "!bi",
        "!bd",
        "s",
        "c0",
        "c5",
        "i3",
        "!8bi8",
        "x",
        "",
        "i33",
        "z",
        "!3i",
        "2",
        "c2147483647c2147483647",
        "!4c2147483647i",
      ].map((format) => shown(`struct.size, '${format}'`)),
      ...returns("struct.size()", "struct.size({})"),
    );
  });

  const option = fc.constantFrom(
    "b",
    "B",
    "h",
    "H",
    "i",
    "I",
    "l",
    "L",
    "T",
    "i3",
    "I5",
    "i8",
    "f",
    "d",
    "x",
    "<",
    ">",
    "!",
    "!2",
    "!4",
    "!8",
    " ",
    "s",
    "c3",
  );
  const format = fc.array(option, { maxLength: 6 }).map((options) => options.join(""));

  test(
    "generated formats",
    () =>
      expectSameGenerated({
        commands: [
          fc
            .tuple(format, fc.array(luaNumber, { maxLength: 7 }))
            .map(([text, values]) =>
              evaluate(shown(`function(...) return hex(struct.pack(...)) end, ${[`'${text}'`, ...values].join(", ")}`)),
            ),
          // Bytes below 127 cannot begin a NaN, whose sign is kept differently.
          fc
            .tuple(format, bytesOf(0, 126), fc.integer({ min: -1, max: 12 }))
            .map(([text, bytes, at]) => evaluate(shown(`struct.unpack, '${text}', ${luaBytes(bytes)}, ${at}`))),
          format.map((text) => evaluate(shown(`struct.size, '${text}'`))),
        ],
        compareData: false,
        protocols: [2],
      }),
    generatedTimeoutMs,
  );
});

describe.skipIf(redis.missing)(`bit and numbers are those of redis-server${redis.reason}`, () => {
  const names = ["tobit", "bnot", "bswap", "band", "bor", "bxor", "lshift", "rshift", "arshift", "rol", "ror", "tohex"];

  test("bit operations", () =>
    sameEvals(
      ...names.flatMap((name) =>
        [
          "",
          "'x'",
          "nil",
          "0",
          "-1",
          "0xffffffff",
          "2^31",
          "2^32",
          "-2^31",
          "1.5",
          "2.5",
          "-1.5",
          "-0.5",
          "'0x10'",
        ].map((value) => shown(`bit.${name}${value === "" ? "" : `, ${value}, 3`}`)),
      ),
      ...["1", "8", "-8", "0", "100", "-100", "4.5"].map((digits) => `return bit.tohex(0xdeadbeef, ${digits})`),
      "return {bit.band(0xff, 0x0f, 3), bit.bor(1, 2, 4, 8), bit.bxor(1, 3, 7), bit.lshift(1, 33), bit.rol(1, 32), bit.ror(1, 0)}",
    ));

  const operand = fc.oneof(
    fc.integer({ min: -(2 ** 31), max: 2 ** 32 }),
    fc.integer({ min: -(2 ** 50), max: 2 ** 50 }),
  );

  test(
    "generated operations, and numbers as text",
    () =>
      expectSameGenerated({
        commands: [
          fc
            .tuple(fc.constantFrom(...names), fc.array(operand, { minLength: 1, maxLength: 4 }))
            .map(([name, values]) => evaluate(shown(`bit.${name}, ${values.join(", ")}`))),
          luaNumber.map((value) =>
            evaluate(`return {tostring(${value}), redis.call('echo', ${value}), cjson.encode(${value}), ${value}}`),
          ),
          luaNumber.map((value) => evaluate(`return {double = ${value}}`)),
          luaNumber.map((value) =>
            evaluate(`return string.format('%d %x %i %g %.3f %o', ${Array(6).fill(value).join(", ")})`),
          ),
          luaNumber.map((value) =>
            evaluate(`return {tostring(tonumber(tostring(${value}))), tostring(cjson.decode(tostring(${value})))}`),
          ),
        ],
        compareData: false,
        protocols: [2, 3],
      }),
    generatedTimeoutMs,
  );
});
