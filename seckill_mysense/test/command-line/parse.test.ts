import { expect, test } from "bun:test";
import { helpOf } from "../../src/command-line/help.ts";
import { parseCommandLine } from "../../src/command-line/parse.ts";
import { UsageError } from "../../src/command-line/usage-error.ts";
import { type CommandLine, type Role, roles, type Task } from "../../src/roles/task.ts";

/** Undefined for a line that asks for help. */
function parsed(...args: string[]): CommandLine | undefined {
  const asked = parseCommandLine(args);
  return asked.kind === "run" ? asked.commandLine : undefined;
}
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
  expect(parsed("migrate")).toEqual({ configFile: undefined, task: { kind: "migrate", json: false } });
});

test("dead letters are listed, and one is shown, replayed or discarded", () => {
  const list = { kind: "dead-letters", action: "list", id: undefined, state: "waiting", by: undefined, json: false };
  expect(parsed("dead-letters", "list")?.task).toEqual(list as Task);
  const replay = { ...list, action: "replay", id: "f00", by: "ada", json: true };
  expect(parsed("dead-letters", "replay", "f00", "--by", "ada", "--json")?.task).toEqual(replay as Task);
  const wrong = (...args: string[]) => expect(() => parsed("dead-letters", ...args));
  wrong().toThrow("dead-letters needs a command: list, show, replay, discard");
  wrong("burn").toThrow("unknown command 'burn' of dead-letters");
  wrong("discard").toThrow("dead-letters discard needs <id>: the id of a letter");
  wrong("list", "f00").toThrow("f00 is one word too many for dead-letters list");
  wrong("list", "--at-rest").toThrow("--at-rest belongs to verify, not to dead-letters list");
  expect(() => parsed("relay", "--json")).toThrow(
    "--json belongs to status and to doctor and to verify and to sale validate and to others, not to start",
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
  wrong().toThrow("refunds needs a command: list, retry, done");
  wrong("retry").toThrow("refunds retry needs <payment>: the id of a payment");
  wrong("list", "p1").toThrow("p1 is one word too many");
  wrong("done", "p1").toThrow("required option '--note <text>' not specified");
  wrong("list", "--state", "replayed").toThrow("--state: it takes held, waiting, done, but got replayed");
  expect(() => parsed("dead-letters", "list", "--state", "held")).toThrow(
    "--state: it takes waiting, replayed, discarded, but got held",
  );
});

test("of an option that is given twice the last one counts, and a value may look like an option", () => {
  expect(parsed("--config", "a", "--config", "b")?.configFile).toBe("b");
  expect(parsed("--config", "-x")?.configFile).toBe("-x");
});

test("start may be written or left out", () => {
  expect(parsed("start")).toEqual(serve("all"));
  expect(parsed("start", "relay")).toEqual(parsed("relay"));
  expect(() => parsed("start", "rely")).toThrow(
    "start takes one of all, gateway, quantity, relay, consumer, sweeper, admin, but got rely\n(Did you mean relay?)",
  );
});

test("help of the program, a group or a command is asked for in two ways", () => {
  const paths = {
    "--help": "",
    help: "",
    "gateway -h": "start",
    "sale --help": "sale",
    "help sale room": "sale room",
    "sale room rate spring --help": "sale room rate",
  };
  for (const [line, path] of Object.entries(paths)) {
    expect([line, parseCommandLine(line.split(" "))]).toEqual([line, { kind: "help", path }]);
  }
  for (const word of ["start", "sale ...", "dead-letters ...", "--config", "--help", "--version", "Exit codes"]) {
    expect(helpOf("")).toContain(word);
  }
  for (const role of roles) expect(helpOf("start")).toContain(role);
  for (const option of ["--sale <id>", "--at-rest", "--json"]) expect(helpOf("verify")).toContain(option);
});

test("help is given beside a word that is unknown, and not beside an option without its value", () => {
  expect([parsed("sell", "-h"), parsed("gateway", "relay", "-h"), parsed("-h", "--bad")]).toEqual(
    Array.from({ length: 3 }),
  );
  for (const option of ["--config", "--sale"]) expect(() => parsed("-h", option)).toThrow("argument missing");
});

test("a word that is nearly right is suggested", () => {
  expect(() => parsed("--conf", "x", "start")).toThrow("unknown option '--conf'\n(Did you mean --config?)");
  const cases = {
    statsu: "unknown command 'statsu'\n(Did you mean status?)",
    gatway: "unknown command 'gatway'\n(Did you mean gateway?)",
    "sale craete x": "unknown command 'craete' of sale\n(Did you mean create?)",
    "sale room rates x": "unknown command 'rates' of sale room\n(Did you mean rate?)",
    "repair --dryrun": "unknown option '--dryrun'\n(Did you mean --dry-run?)",
    "verify -x": "unknown option '-x'",
    elephant: "unknown command 'elephant'",
  };
  for (const [line, message] of Object.entries(cases)) {
    expect([line, messageOf(line)]).toEqual([line, message]);
  }
});

function messageOf(line: string): string {
  try {
    parseCommandLine(line.split(" "));
  } catch (error) {
    if (error instanceof UsageError) return error.message;
  }
  throw new Error(`${line}: this is no mistake`);
}

test("the words of another program are passed on as they are", () => {
  const words = ["draw.jsonl", "--receipt", "r.json", "--help"];
  expect(parsed("verify-draw", ...words)?.task).toEqual({ kind: "verify-draw", words });
});
