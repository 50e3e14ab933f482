import { describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { findProgram, temporaryFolder } from "../../../tools/test-services/index.ts";
import { completionFor } from "../../src/command-line/completion.ts";
import { shells } from "../../src/roles/task.ts";

const folder = temporaryFolder("completion");
writeFileSync(join(folder, "spring.json"), "{}");

function scriptFor(shell: (typeof shells)[number]): string {
  const file = join(folder, `seckill.${shell}`);
  writeFileSync(file, completionFor(shell));
  return file;
}

function run(...cmd: [string, ...string[]]): string {
  const [program, ...args] = cmd;
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: folder, encoding: "utf8", timeout: 20_000 });
  expect([cmd.join(" "), status, stderr]).toEqual([cmd.join(" "), 0, ""]);
  return stdout;
}

/** What a shell offers for the last of these words. */
const offers = {
  bash(words: readonly string[]): string[] {
    const quoted = ["seckill", ...words].map((word) => `'${word}'`).join(" ");
    const script = `. ${scriptFor("bash")}; COMP_WORDS=(${quoted}); COMP_CWORD=${words.length}; _seckill; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return run("bash", "--norc", "-c", script).split("\n").filter(Boolean);
  },
  fish(words: readonly string[]): string[] {
    const script = `source ${scriptFor("fish")}; complete -C "seckill ${words.join(" ")}"`;
    const lines = run("fish", "--no-config", "-c", script).split("\n").filter(Boolean);
    return lines.map((line) => line.split("\t")[0]!);
  },
  /** Completion of zsh needs its line editor, so its two ways of offering words are replaced. */
  zsh(words: readonly string[]): string[] {
    const quoted = ["seckill", ...words].map((word) => `'${word}'`).join(" ");
    const stand = `compdef() { :; }; compadd() { shift; print -l -- $@; }; _files() { print -l -- *; }`;
    const script = `${stand}; . ${scriptFor("zsh")}; words=(${quoted}); CURRENT=${words.length + 1}; _seckill`;
    const last = words.at(-1) ?? "";
    return run("zsh", "-f", "-c", script)
      .split("\n")
      .filter((word) => word !== "" && word.startsWith(last));
  },
};

for (const shell of shells) {
  const missing = findProgram(shell) === undefined;
  describe.skipIf(missing)(
    `completion for ${shell}${missing ? ` (skipped: there is no ${shell} on PATH)` : ""}`,
    () => {
      test.each([
        ["a command", ["sta"], ["start", "status"]],
        ["a role", ["start", "re"], ["relay"]],
        ["a command of a group", ["sale", "re"], ["restock", "resume"]],
        ["a command of a group in a group", ["sale", "room", "ra"], ["rate"]],
        ["an option of a command", ["sale", "restock", "spring", "--p"], ["--product"]],
        ["the value of an option", ["refunds", "list", "--state", "he"], ["held"]],
        ["a value that another command does not have", ["dead-letters", "list", "--state", "re"], ["replayed"]],
        ["a file", ["verify", "--config", "spr"], ["spring.json"]],
        ["an option before a command, which stays that of the command", ["verify", "--json", "--at"], ["--at-rest"]],
      ])("offers %s", (_, words, expected) => {
        expect(offers[shell](words).toSorted()).toEqual(expected);
      });
    },
  );
}
