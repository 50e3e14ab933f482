import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../../../tools/test-services/index.ts";
import { Programs } from "../../src/authorization/programs.ts";
import { readProgramKeys } from "../../src/authorization/read-program-keys.ts";
import { checkSettings } from "../../src/settings/load-settings.ts";
import { SettingsError } from "../../src/settings/settings-error.ts";
import { otherKey, shopKey } from "../fakes/test-quantity.ts";

const check = (programs: object[], more: object = {}, baseDir = "/") =>
  checkSettings({ quantity: { programs }, ...more }, baseDir);

function problemsOf(run: () => unknown): readonly string[] {
  try {
    run();
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
  throw new Error("there was no problem");
}

describe("quantity.programs", () => {
  test("a program has a name of its own, and a strong key that nobody else has", () => {
    const shop = { name: "shop", key: shopKey };
    const cases: [programs: object[], problem: string][] = [
      [[{ name: "shop" }], "quantity.programs.0 (shop) must have one of key and key_file"],
      [[{ ...shop, key_file: "key" }], "quantity.programs.0 (shop) must have one of key and key_file"],
      [[{ name: "shop", key: "short" }], "quantity.programs.0.key (5 characters): too weak: at least 32"],
      [[{ ...shop, name: "Shop!" }], 'quantity.programs.0.name is "Shop!": must be 1 to 20 small letters'],
      [[shop, { ...shop, key: otherKey }], 'quantity.programs.1.name is "shop", which another program has already'],
      [[shop, { name: "other", key: shopKey }], "quantity.programs.1.key (other) is also the key of shop (key)"],
      [[{ ...shop, previous_key: shopKey }], "quantity.programs.0.previous_key (shop) is also the key of shop (key)"],
      [[{ ...shop, rights: ["pay"] }], 'quantity.programs.0.rights.0 is "pay": must be one of'],
      [[{ ...shop, color: 1 }], "quantity.programs.0.color is not a known key"],
    ];
    for (const [programs, problem] of cases) {
      const problems = problemsOf(() => check(programs));
      expect(problems.join("\n")).toStartWith(problem);
      expect(problems.join("\n")).not.toContain(shopKey);
    }
    const internal = { backend: { internal_secret: shopKey } };
    expect(problemsOf(() => check([shop], internal))[0]).toContain("is the same as another secret");
  });

  test("a key may stand in a file, which is read at the start", () => {
    const folder = temporaryFolder("program-keys");
    writeFileSync(join(folder, "shop.key"), `${shopKey}\n`);
    writeFileSync(join(folder, "short.key"), "short\n");
    const read = (program: object) => readProgramKeys(check([program], {}, folder).quantity.programs);
    expect(read({ name: "shop", key_file: "shop.key", previous_key: otherKey })[0]!.keys).toEqual([shopKey, otherKey]);
    expect(problemsOf(() => read({ name: "shop", key_file: "none.key" }))[0]).toEndWith(
      "none.key cannot be read: ENOENT",
    );
    expect(problemsOf(() => read({ name: "shop", key_file: "short.key" }))[0]).toContain(
      "holds 5 characters: a key has 32",
    );
    const twice = problemsOf(() => read({ name: "shop", key: shopKey, previous_key_file: "shop.key" }));
    expect(twice).toEqual(["quantity.programs: shop and shop have the same key"]);
  });

  test("the present key and the one before it let the same program in", () => {
    const { quantity } = check([{ name: "shop", key: shopKey, previous_key: otherKey }]);
    const programs = new Programs(readProgramKeys(quantity.programs));
    for (const key of [shopKey, otherKey]) {
      expect(programs.admit(key, 0)).toMatchObject({ kind: "admitted", program: { name: "shop" } });
    }
    expect(programs.admit(`${shopKey} `, 0).kind).toBe("unknown");
    expect(programs.admit(undefined, 0).kind).toBe("unknown");
    expect(programs.asked).toEqual({ shop: 2 });
  });
});
