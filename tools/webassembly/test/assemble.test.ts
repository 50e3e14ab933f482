import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { assemble, AssemblyError } from "../assemble.ts";
import { kernelModules } from "../kernel-modules.ts";

const memory = new WebAssembly.Memory({ initial: 1 });

function run(functions: string, ...args: readonly (number | bigint)[]): unknown {
  const module = new WebAssembly.Module(assemble(`(module (import "test" "memory" (memory 1)) ${functions})`));
  const { main } = new WebAssembly.Instance(module, { test: { memory } }).exports;
  return (main as (...values: readonly (number | bigint)[]) => unknown)(...args);
}

const main = (signature: string, body: string): string => `(func $main (export "main") ${signature} ${body})`;

describe("the assembler", () => {
  test("knows constants of every type, also negative ones and those beyond half of the range", () => {
    for (const value of ["0", "63", "64", "-64", "-65", "2147483647", "-2147483648", "0x7fffffff"]) {
      expect(run(main("(result i32)", `(i32.const ${value})`))).toBe(Number(value));
    }
    expect(run(main("(result i32)", "(i32.const 0xffffffff)"))).toBe(-1);
    expect(run(main("(result i64)", "(i64.const 0x95ac9329ac4bc9b5)"))).toBe(BigInt.asIntN(64, 0x95ac9329ac4bc9b5n));
    expect(run(main("(result f64)", "(f64.const 0.1)"))).toBe(0.1);
    expect(run(main("(result f64)", "(f64.const NaN)"))).toBeNaN();
  });

  test("knows loops, branches out of several blocks, locals and calls", () => {
    const sum = main(
      "(param $last i32) (result i32) (local $sum i32) (local $at i32)",
      `(block $done
         (loop $next
           (if (i32.gt_u (local.get $at) (local.get $last)) (then (br $done)) (else (local.set $sum (call $add (local.get $sum) (local.get $at)))))
           (local.set $at (i32.add (local.get $at) (i32.const 1)))
           (br $next)))
       ;; a comment with (parentheses
       (local.get $sum)`,
    );
    const add = "(func $add (param $a i32) (param $b i32) (result i32) (i32.add (local.get $a) (local.get $b)))";
    expect(run(`${sum} ${add}`, 1000)).toBe(500_500);
  });

  test("knows memory with offsets beyond 127, and copies of it", () => {
    const body = `(i64.store offset=1000 (i32.const 24) (local.get $value))
      (memory.copy (i32.const 3000) (i32.const 1024) (i32.const 8))
      (memory.fill (i32.const 3007) (i32.const 0) (i32.const 1))
      (i64.load offset=2000 (i32.const 1000))`;
    expect(run(main("(param $value i64) (result i64)", body), 0x1122334455667788n)).toBe(0x22334455667788n);
  });

  test("knows imported functions, which have the first numbers", () => {
    const text = `(module
      (import "test" "memory" (memory 1))
      (import "host" "halve" (func $halve (param i32 i32) (result i32)))
      (import "host" "tell" (func $tell (param i32)))
      (func $add (param $a i32) (result i32) (i32.add (local.get $a) (i32.const 1)))
      (func $main (export "main") (param $a i32) (result i32)
        (call $tell (local.get $a))
        (call $halve (call $add (local.get $a)) (i32.const 7))))`;
    const told: number[] = [];
    const host = {
      halve: (value: number, more: number) => value / 2 + more,
      tell: (value: number) => told.push(value),
    };
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(assemble(text)), { test: { memory }, host });
    expect((exports["main"] as (value: number) => number)(5)).toBe(10);
    expect(told).toEqual([5]);
  });

  const broken: [string, string, RegExp][] = [
    ["an instruction that it does not know", main("", "(i32.popcorn)"), /unknown instruction 'i32.popcorn' in \$main/],
    ["a local that there is not", main("", "(local.set $x (i32.const 1))"), /unknown name \$x/],
    ["a branch to a block that is not around it", main("", "(block $a) (br $a)"), /no block \$a around/],
    ["a type that it does not know", main("(param $a i16)", ""), /unknown type "i16"/],
    ["a field that it does not know", "(table 1)", /a field/],
    ["parentheses that do not match", main("", "(block $a"), /'\('/],
  ];
  for (const [what, text, message] of broken) {
    test(`refuses ${what}`, () => {
      expect(() => run(text)).toThrow(AssemblyError);
      expect(() => run(text)).toThrow(message);
    });
  }
});

test("the binary of each kernel is that of its source: `npm run kernels` writes it", () => {
  const modules = kernelModules();
  expect(modules.length).toBeGreaterThan(2);
  for (const { target, content } of modules)
    expect(withoutSpace(readFileSync(target, "utf8"))).toBe(withoutSpace(content));
});

const withoutSpace = (text: string): string => text.replaceAll(/\s+/g, "");
