import { describe, expect, test } from "bun:test";
import { configFolder, runProgram } from "./program.ts";

const timeoutMs = 120_000;

describe("with --json", () => {
  test(
    "every outcome is one JSON value on standard output, and the code is the documented one",
    async () => {
      const { configFile } = configFolder({ sale: { demo: false } });
      const nowhere = ["--config", "/nowhere/config.json"];
      const cases: [code: number, error: string, ...args: string[]][] = [
        [2, "sale_not_found", "verify", "--sale", "nothing"],
        [2, "product_not_found", "repair", "--product", "nothing"],
        [2, "invalid_settings", "verify", ...nowhere],
        [2, "invalid_settings", "sale", "list", ...nowhere],
        [2, "invalid_settings", "dead-letters", "list", ...nowhere],
        [2, "invalid_settings", "refunds", "list", ...nowhere],
        [2, "invalid_command_line", "verify", "--wrong"],
        [2, "invalid_command_line", "sale", "restock", "spring"],
        [2, "invalid_command_line", "sale"],
        [2, "invalid_command_line", "refunds", "retry"],
        [2, "invalid_settings", "migrate", ...nowhere],
        [2, "invalid_settings", "status", ...nowhere],
        [2, "invalid_settings", "keys", "rotate", ...nowhere],
        [2, "invalid_settings", "keys", "rotate"],
        [2, "invalid_command_line", "keys"],
        [2, "invalid_command_line", "gateway"],
        [2, "invalid_command_line", "sale", "list", "--json=true"],
        [2, "invalid_command_line", "sale", "create", "sale.json", "--expect-version", "1"],
        [2, "invalid_command_line", "sale", "create", "sale.json", "--wait", "1"],
        ...["1e3", "0x10", " 3 ", "+3", "3.0", ""].map((units): [number, string, ...string[]] => {
          return [2, "invalid_command_line", "sale", "restock", "spring", "--product", "lamp", "--units", units];
        }),
        [1, "sale_not_found", "sale", "show", "nothing"],
      ];
      for (const [code, error, ...args] of cases) {
        const config = args.includes("--config") ? [] : ["--config", configFile];
        const ended = await runProgram([...args, ...config, "--json"]);
        expect([args, ended.code, JSON.parse(ended.stdout), ended.stderr]).toEqual([
          args,
          code,
          { error, message: expect.stringMatching(/./) },
          "",
        ]);
      }
      for (const words of [["--help"], ["sale", "--help"], ["sale", "create", "--help"]]) {
        const ended = await runProgram([...words, "--json"]);
        expect([ended.code, JSON.parse(ended.stdout)]).toEqual([0, { help: expect.stringContaining("Usage: ") }]);
      }
      for (const action of ["show", "replay", "discard"]) {
        const ended = await runProgram(["dead-letters", action, "nothing", "--config", configFile, "--json"]);
        expect([ended.code, JSON.parse(ended.stdout)]).toEqual([
          1,
          { result: "not_found", message: "there is no dead letter nothing" },
        ]);
      }
      const refund = await runProgram(["refunds", "retry", "nothing", "--config", configFile, "--json"]);
      expect([refund.code, JSON.parse(refund.stdout)]).toEqual([
        1,
        { result: "not_done", message: "there is no refund of the payment nothing" },
      ]);
    },
    timeoutMs,
  );
});
