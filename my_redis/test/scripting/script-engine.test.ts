import { describe, expect, test } from "bun:test";
import { Arguments } from "../../src/protocol/arguments.ts";
import { ReplyWriter } from "../../src/protocol/reply-writer.ts";
import { ScriptBench } from "./script-bench.ts";

const sha = (text: string): string => new Bun.CryptoHasher("sha1").update(text).digest("hex");

describe("a script engine", () => {
  test("gives a script its keys and arguments, byte for byte", () => {
    const bench = new ScriptBench();
    const binary = "\0\r\n\xff";
    const reply = bench.eval("return {KEYS[1], ARGV[1], ARGV[2], #KEYS, #ARGV}", { keys: ["k"], args: [binary, ""] });
    expect(reply).toBe(`*5\r\n$1\r\nk\r\n$4\r\n${binary}\r\n$0\r\n\r\n:1\r\n:2\r\n`);
  });

  test("finds a script by its digest in either case, and by nothing else", () => {
    const { engine } = new ScriptBench();
    const script = engine.load(Buffer.from("return 1"));
    expect(script.sha1).toBe(sha("return 1"));
    const find = (digest: string) => engine.find(Buffer.from(digest), 0, digest.length);
    expect(find(script.sha1)).toBe(script);
    expect(find(script.sha1.toUpperCase())).toBe(script);
    expect(find(script.sha1.slice(1))).toBeUndefined();
    expect(find(`${script.sha1.slice(0, 39)}g`)).toBeUndefined();
    expect(find("0".repeat(40))).toBeUndefined();
    engine.flush();
    expect(find(script.sha1)).toBeUndefined();
    expect(engine.scriptCount).toBe(0);
  });

  test("calls commands with the right words after Lua's memory has grown", () => {
    const bench = new ScriptBench();
    const script =
      "redis.call('set', 'a', 1) local long = string.rep('x', 5e6) redis.call('set', 'b', 2.5) redis.call('set', 'c', 3) " +
      "return {redis.call('get', 'a'), redis.call('get', 'b'), redis.call('get', 'c'), #long}";
    expect(bench.eval(script)).toBe("*4\r\n$1\r\n1\r\n$3\r\n2.5\r\n$1\r\n3\r\n:5000000\r\n");
  });

  test("keeps a script that was loaded twice once, and counts the bytes of its text", () => {
    const { engine } = new ScriptBench();
    expect(engine.load(Buffer.from("return 1"))).toBe(engine.load(Buffer.from("return 1")));
    engine.load(Buffer.from("return 22"));
    expect(engine.scriptCount).toBe(2);
    expect(engine.memory.scriptBytes).toBe(17);
    expect(engine.memory.vmBytes).toBeGreaterThan(10_000);
  });

  test("runs a script that was flushed meanwhile, when its caller still has it", () => {
    const { engine } = new ScriptBench();
    const script = engine.load(Buffer.from("return 7"));
    engine.flush();
    const reply = new ReplyWriter();
    const args = Arguments.from(["EVALSHA", script.sha1, "0"]);
    expect(engine.run(script, { args, firstKey: 3, keyCount: 0, mayPause: true }, reply)).toBe("done");
    expect(Buffer.from(reply.written).toString()).toBe(":7\r\n");
  });

  test("keeps a script's text when the memory that it came in is used again", () => {
    const { engine } = new ScriptBench();
    const arrived = Buffer.from("return 7");
    const script = engine.load(arrived);
    arrived.fill(0);
    expect(Buffer.from(script.body).toString()).toBe("return 7");
  });

  test("says which flags a shebang sets, and that there is none", () => {
    const { engine } = new ScriptBench();
    expect(engine.load(Buffer.from("return 1")).shebang.flags).toBeUndefined();
    const { flags } = engine.load(Buffer.from("#!lua flags=no-writes,allow-stale\nreturn 1")).shebang;
    expect([...(flags ?? [])]).toEqual(["no-writes", "allow-stale"]);
  });

  test("a script that does not compile, or has a wrong shebang, is not kept", () => {
    const bench = new ScriptBench();
    expect(bench.eval("return (")).toStartWith("-ERR Error compiling script (new function): user_script:1: ");
    expect(bench.eval("#!lua flags=nonsense\nreturn 1")).toBe("-ERR Unexpected flag in script shebang: nonsense\r\n");
    expect(bench.engine.scriptCount).toBe(0);
  });

  test("errors name the script, its text and the line", () => {
    const bench = new ScriptBench();
    const text = "local x\nerror('boom')";
    const message = `ERR user_script:2: boom script: ${sha(text)}, on @user_script:2.`;
    expect(bench.eval(text)).toBe(`-${message}\r\n`);
    expect(bench.host.countedErrors).toEqual([message]);
  });

  test("an error that a command answered with is not counted a second time", () => {
    const bench = new ScriptBench();
    expect(bench.eval("return redis.call('nosuch')")).toStartWith(
      "-ERR Unknown Redis command called from script script: ",
    );
    expect(bench.eval("return redis.pcall('nosuch')")).toBe("-ERR Unknown Redis command called from script\r\n");
    expect(bench.host.countedErrors).toEqual([]);
    bench.eval("return redis.error_reply('MINE is new')");
    expect(bench.host.countedErrors).toEqual(["MINE is new"]);
  });

  test("an exception of the host ends the script and leaves the engine intact", () => {
    const bench = new ScriptBench();
    expect(() => bench.eval("return redis.call('throw')")).toThrow("the host broke");
    expect(bench.engine.running).toBeUndefined();
    expect(bench.eval("return 1")).toBe(":1\r\n");
  });

  test("redis.setresp holds for one script", () => {
    const bench = new ScriptBench();
    bench.eval("redis.setresp(3) redis.call('get', 'k')");
    bench.eval("redis.call('get', 'k')");
    expect(bench.host.protocols).toEqual([3, 2]);
  });

  test("redis.log, redis.set_repl and redis.acl_check_cmd reach the host", () => {
    const bench = new ScriptBench();
    bench.eval("redis.log(redis.LOG_WARNING, 'a', 1, {}, 'b') redis.set_repl(redis.REPL_NONE)");
    expect(bench.host.logged).toEqual(["3 a 1 b"]);
    expect(bench.host.replication).toBe(0);
    expect(bench.eval("return redis.acl_check_cmd('get', 'k')")).toBe(":1\r\n");
    expect(bench.eval("return redis.acl_check_cmd('forbidden')")).toBe("$-1\r\n");
    expect(bench.eval("return redis.acl_check_cmd('nosuch')")).toStartWith("-ERR Invalid command passed");
  });

  test("numbers reach a command with 17 digits, and integers without a fraction", () => {
    const bench = new ScriptBench();
    bench.eval(
      "for i, v in ipairs({1, -7, 0.1, 1e15, 2^53, 1e20, 1/3, 1e-7, 0/0 ~= 0/0 and 1/0}) do redis.call('set', i, v) end",
    );
    expect([...bench.host.data.values()]).toEqual([
      "1",
      "-7",
      "0.10000000000000001",
      "1000000000000000",
      "9007199254740992",
      "1e+20",
      "0.33333333333333331",
      "9.9999999999999995e-08",
      "inf",
    ]);
  });
});
