import { expect, test } from "bun:test";
import { type CommandLine, parseCommandLine, roles, usage, UsageError } from "../../src/roles/command-line.ts";

const parsed = (...args: string[]): CommandLine | undefined => parseCommandLine(args);
const nothing: CommandLine = {
  ...{ role: "all", configFile: undefined, saleId: undefined, atRest: false },
  ...{ productId: undefined, dryRun: false, force: false, json: false },
};

test("without words every part is meant, with the shipped settings", () => {
  expect(parsed()).toEqual(nothing);
});

test("the role and its options may stand in any order", () => {
  for (const role of roles) {
    expect(parsed(role, "--config", "sale.json")).toEqual({ ...nothing, role, configFile: "sale.json" });
    expect(parsed("--config", "sale.json", role)).toEqual({ ...nothing, role, configFile: "sale.json" });
  }
  const verify: CommandLine = { ...nothing, role: "verify", configFile: "x", saleId: "spring", atRest: true };
  expect(parsed("--at-rest", "verify", "--sale", "spring", "--config=x")).toEqual(verify);
  const repair: CommandLine = { ...nothing, role: "repair", productId: "p", dryRun: true, force: true, json: true };
  expect(parsed("repair", "--product", "p", "--dry-run", "--force", "--json")).toEqual(repair);
});

test("of an option that is given twice the last one counts, and a value may look like an option", () => {
  expect(parsed("--config", "a", "--config", "b")?.configFile).toBe("b");
  expect(parsed("--config", "-x")?.configFile).toBe("-x");
});

test("help is asked for in two ways, and names every role and option", () => {
  expect([parsed("--help"), parsed("gateway", "-h")]).toEqual([undefined, undefined]);
  for (const word of [
    ...roles,
    "--config",
    "--sale",
    "--at-rest",
    "--product",
    "--dry-run",
    "--force",
    "--json",
    "--help",
  ])
    expect(usage()).toContain(word);
});

test("help is given beside a word that is no role, and not beside an option without its value", () => {
  expect([parsed("sell", "-h"), parsed("gateway", "relay", "-h"), parsed("-h", "--bad")]).toEqual(
    Array.from({ length: 3 }),
  );
  for (const option of ["--config", "--sale"]) expect(() => parsed("-h", option)).toThrow("argument missing");
});

test("an option that is nearly right is suggested", () => {
  expect(() => parsed("--conf", "x")).toThrow(new UsageError("unknown option '--conf'\n(Did you mean --config?)"));
});
