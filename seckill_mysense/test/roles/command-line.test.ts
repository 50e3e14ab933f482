import { expect, test } from "bun:test";
import {
  type CommandLine,
  parseCommandLine,
  type Role,
  roles,
  type Task,
  usage,
  UsageError,
} from "../../src/roles/command-line.ts";

const parsed = (...args: string[]): CommandLine | undefined => parseCommandLine(args);
const serve = (role: Role, configFile?: string): CommandLine => ({ configFile, task: { kind: "serve", role } });

test("without words every part is meant, with the shipped settings", () => {
  expect(parsed()).toEqual(serve("all"));
});

test("the role and its options may stand in any order", () => {
  for (const role of roles) {
    expect(parsed(role, "--config", "sale.json")).toEqual(serve(role, "sale.json"));
    expect(parsed("--config", "sale.json", role)).toEqual(serve(role, "sale.json"));
  }
  const task = { kind: "verify", saleId: "spring", atRest: true, json: false } as const;
  expect(parsed("--at-rest", "verify", "--sale", "spring", "--config=x")).toEqual({ configFile: "x", task });
  const repair = { kind: "repair", productId: "p", dryRun: true, force: true, json: true } as const;
  expect(parsed("repair", "--product", "p", "--dry-run", "--force", "--json")?.task).toEqual(repair);
  expect(parsed("migrate")).toEqual({ configFile: undefined, task: { kind: "migrate" } });
});

test("dead letters are listed, and one is shown, replayed or discarded", () => {
  const list = { kind: "dead-letters", action: "list", id: undefined, state: "waiting", by: undefined, json: false };
  expect(parsed("dead-letters", "list")?.task).toEqual(list as Task);
  const replay = { ...list, action: "replay", id: "f00", by: "ada", json: true };
  expect(parsed("dead-letters", "replay", "f00", "--by", "ada", "--json")?.task).toEqual(replay as Task);
  const wrong = (...args: string[]) => expect(() => parsed("dead-letters", ...args));
  wrong().toThrow("dead-letters takes one of list, show, replay, discard, but got nothing");
  wrong("burn").toThrow("but got burn");
  wrong("discard").toThrow("dead-letters discard needs the id of a letter");
  wrong("list", "f00").toThrow("dead-letters list takes no id, but got f00");
  wrong("list", "--at-rest").toThrow("--at-rest belongs to verify");
  expect(() => parsed("relay", "--json")).toThrow(
    "--json belongs to verify and to repair and to dead-letters and to refunds",
  );
  expect(() => parsed("gateway", "relay")).toThrow("relay is one word too many");
});

test("refunds are listed, and one is sent again or settled", () => {
  const list = {
    kind: "refunds",
    action: "list",
    id: undefined,
    state: "held",
    by: undefined,
    note: undefined,
    json: false,
  };
  expect(parsed("refunds", "list")?.task).toEqual(list as Task);
  expect(parsed("refunds", "list", "--state", "waiting")?.task).toEqual({ ...list, state: "waiting" } as Task);
  expect(parsed("refunds", "retry", "p1")?.task).toEqual({ ...list, action: "retry", id: "p1" } as Task);
  const done = { ...list, action: "done", id: "p1", by: "ada", note: "by bank", json: true };
  expect(parsed("refunds", "done", "p1", "--by", "ada", "--note", "by bank", "--json")?.task).toEqual(done as Task);
  const wrong = (...args: string[]) => expect(() => parsed("refunds", ...args));
  wrong().toThrow("refunds takes one of list, retry, done, but got nothing");
  wrong("retry").toThrow("refunds retry needs the id of a payment");
  wrong("list", "p1").toThrow("refunds list takes no id, but got p1");
  wrong("done", "p1").toThrow("refunds done needs --note: how the money went back");
  wrong("list", "--state", "replayed").toThrow("refunds list takes --state held, waiting or done, but got replayed");
  expect(() => parsed("dead-letters", "list", "--state", "held")).toThrow(
    "dead-letters list takes --state waiting, replayed or discarded, but got held",
  );
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
