import fc from "fast-check";

/** A Lua string literal with these bytes. */
export const luaBytes = (bytes: Uint8Array): string =>
  `'${[...bytes].map((byte) => `\\${String(byte).padStart(3, "0")}`).join("")}'`;

export const bytesOf = (min: number, max: number): fc.Arbitrary<Uint8Array> =>
  fc.array(fc.integer({ min, max }), { maxLength: 24 }).map((bytes) => Uint8Array.from(bytes));

/** Numbers that Lua can read: whole, tiny, huge, halfway between two roundings. No infinity and no NaN. */
export const luaNumber: fc.Arbitrary<string> = fc
  .oneof(
    fc.integer({ min: -200, max: 70_000 }),
    fc.integer({ min: -(2 ** 53), max: 2 ** 53 }),
    fc.double({ noDefaultInfinity: true, noNaN: true }),
    fc.tuple(fc.integer({ min: 0, max: 2 ** 53 }), fc.nat(60)).map(([value, places]) => value / 2 ** places),
    fc.nat(64).map((exponent) => 2 ** exponent),
    fc.nat(64).map((exponent) => -(2 ** exponent)),
  )
  .map((value) => (Object.is(value, -0) ? "0" : String(value)));

const luaString = fc.oneof(
  bytesOf(0, 255).map(luaBytes),
  fc.string({ maxLength: 12 }).map((text) => luaBytes(Buffer.from(text))),
);

/** A Lua expression for a value of any type that JSON and MessagePack have. Keys of tables are strings or numbers. */
export const luaValue: fc.Arbitrary<string> = fc.letrec<{ value: string; table: string; list: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, depthIdentifier: "lua" },
    luaNumber,
    luaString,
    fc.constantFrom("true", "false", "nil", "cjson.null"),
    tie("table"),
    tie("list"),
  ),
  list: fc.array(tie("value"), { maxLength: 5, depthIdentifier: "lua" }).map((items) => `{${items.join(", ")}}`),
  table: fc
    .array(fc.tuple(fc.oneof(luaString, luaNumber), tie("value")), { maxLength: 5, depthIdentifier: "lua" })
    .map((entries) => `{${entries.map(([key, value]) => `[${key}] = ${value}`).join(", ")}}`),
})).value;
