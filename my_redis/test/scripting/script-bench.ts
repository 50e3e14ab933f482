import { Arguments } from "../../src/protocol/arguments.ts";
import { ReplyWriter } from "../../src/protocol/reply-writer.ts";
import { CommandError } from "../../src/protocol/command-error.ts";
import { ScriptEngine, type ScriptEngineOptions } from "../../src/scripting/script-engine.ts";
import type { ScriptHost } from "../../src/scripting/script-host.ts";

/** Returns raw replies for `redis.call("reply", text)`, and has a few commands on a map. */
export class TestHost implements ScriptHost {
  readonly redisVersion = "7.2.0";
  readonly data = new Map<string, string>();
  readonly logged: string[] = [];
  readonly countedErrors: string[] = [];
  replication = 3;
  written = false;
  calls = 0;
  protocols: number[] = [];

  call(args: Arguments, reply: ReplyWriter): void {
    this.calls++;
    this.protocols.push(reply.protocol);
    const name = args.latin1(0).toLowerCase();
    if (name === "get") {
      const value = this.data.get(args.latin1(1));
      if (value === undefined) reply.null();
      else reply.bulkLatin1(value);
    } else if (name === "set") {
      this.written = true;
      this.data.set(args.latin1(1), args.latin1(2));
      reply.ok();
    } else if (name === "reply") {
      reply.raw(args.view(1));
    } else if (name === "throw") {
      throw new Error("the host broke");
    } else {
      reply.error("ERR Unknown Redis command called from script");
    }
  }

  mayRun(args: Arguments): boolean | undefined {
    const name = args.latin1(0);
    return name === "nosuch" ? undefined : name !== "forbidden";
  }

  log(level: number, message: string): void {
    this.logged.push(`${level} ${message}`);
  }

  setReplication(targets: number): void {
    this.replication = targets;
  }

  hasWritten(): boolean {
    return this.written;
  }

  countError(message: string): void {
    this.countedErrors.push(message);
  }
}

export interface EvalOptions {
  readonly keys?: readonly string[];
  readonly args?: readonly string[];
  readonly protocol?: 2 | 3;
  readonly mayPause?: boolean;
}

/** An engine with a host for tests. `eval` returns the reply's bytes, one character per byte. */
export class ScriptBench {
  readonly host = new TestHost();
  readonly engine: ScriptEngine;
  readonly #reply = new ReplyWriter();
  /** Number of times that a script was paused. */
  pauses = 0;

  constructor(options: Partial<ScriptEngineOptions> = {}) {
    this.engine = new ScriptEngine(this.host, {
      monotonicMs: () => performance.now(),
      limitMs: () => 0,
      maxMemoryBytes: 64 * 1024 * 1024,
      keepMemoryBytes: 32 * 1024 * 1024,
      ...options,
    });
  }

  /** Runs a script to its end, however often it is paused. */
  eval(text: string, options: EvalOptions = {}): string {
    if (this.start(text, options) === "paused") this.finish();
    return this.reply;
  }

  /** Runs a script up to its end or its first pause. */
  start(text: string, { keys = [], args = [], protocol = 2, mayPause = true }: EvalOptions = {}): "done" | "paused" {
    this.#reply.clear();
    this.#reply.protocol = protocol;
    try {
      const script = this.engine.load(Buffer.from(text, "latin1"));
      const request = Arguments.from(["EVAL", ...[text, String(keys.length), ...keys, ...args].map(latin1Bytes)]);
      const call = { args: request, firstKey: 3, keyCount: keys.length, mayPause };
      return this.engine.run(script, call, this.#reply);
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      this.#reply.error(error.message);
      return "done";
    }
  }

  /** Continues a paused script until it ends. */
  finish(): void {
    do this.pauses++;
    while (this.continue() === "paused");
  }

  continue(): "done" | "paused" {
    return this.engine.continue(this.#reply);
  }

  kill(): string {
    this.engine.kill(this.#reply);
    return this.reply;
  }

  get reply(): string {
    return Buffer.from(this.#reply.written).toString("latin1");
  }
}

const latin1Bytes = (text: string): Uint8Array => Buffer.from(text, "latin1");

/** A clock that advances by this many milliseconds at each reading, so that no test depends on real time. */
export function steppingClock(stepMs: number): () => number {
  let now = 0;
  return () => (now += stepMs);
}
