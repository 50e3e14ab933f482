import type { Context, Services } from "../../dispatch/context.ts";
import type { LogWord } from "../../dispatch/log-target.ts";
import { Refusal } from "../../dispatch/outcome.ts";
import * as record from "../../memory/record.ts";
import { mustWaitForSnapshot } from "../../persistence/snapshot/unit-of-another.ts";
import { Arguments } from "../../protocol/arguments.ts";
import { ReplyWriter } from "../../protocol/reply-writer.ts";
import { RequestParser } from "../../protocol/request-parser.ts";

/** The source has accepted the requests already, so its limits count and not those of this server. */
const requestLimits = { maxBulkBytes: 2 ** 32, maxQueryBufferBytes: Number.POSITIVE_INFINITY };
const minus = 45;
/**
 * While a snapshot takes what is here of a large value, the rest of it waits, and the source may give up and begin it anew. So the
 * log is not rewritten by itself while a value of a megabyte or more arrives, up to so long after its last piece.
 */
const unsnappedBytes = 1024 * 1024;
const putOffMs = 1000;

/** Makes what a source has sent a part of this seat's data. */
export class IncomingData {
  readonly #server: Services;
  readonly #context: Context;
  readonly #args = new Arguments();
  readonly #reply = new ReplyWriter();

  constructor(server: Services) {
    this.#server = server;
    this.#context = server.clients.addPseudo("loader");
  }

  /** Whether a snapshot has to take values first of which these commands change elements. To be asked again in a moment. */
  mustWait(commands: Uint8Array): boolean {
    if (this.#server.keyspace.snapshot === undefined) return false;
    const args = this.#args;
    const parser = new RequestParser(requestLimits);
    parser.feed(commands);
    const unit: Arguments[] = [];
    while (parser.next(args) === "request") unit.push(args.copy());
    return mustWaitForSnapshot(this.#server, 0, unit);
  }

  /**
   * Runs the commands, and `entry` after them, as one unit: replicas and the log have all of it or nothing. Gives the first
   * error; the data differs from the source's then.
   */
  apply(commands: Uint8Array, entry: () => readonly LogWord[]): string | undefined {
    const { changes, execution, keyspace } = this.#server;
    this.#context.select(0);
    const wasFollowing = execution.followsPrimary;
    changes.beginUnit();
    // Keys expire by the source's word: until then its commands find them.
    keyspace.expires = false;
    execution.followPrimary(true);
    let problem: string | undefined;
    try {
      problem = keyspace.unobserved(() => execution.asUnit(() => this.#runAll(commands)));
    } finally {
      execution.followPrimary(wasFollowing);
      keyspace.expires = true;
    }
    changes.append(0, entry());
    changes.endUnit();
    return problem;
  }

  #runAll(commands: Uint8Array): string | undefined {
    const args = this.#args;
    const parser = new RequestParser(requestLimits);
    parser.feed(commands);
    let problem: string | undefined;
    let result = parser.next(args);
    for (; result === "request"; result = parser.next(args)) problem ??= this.#run(args);
    this.#putOffRewrite(args);
    return result === "incomplete" ? problem : "what the source has sent is not whole";
  }

  /** `args`: the last command of a part. */
  #putOffRewrite(args: Arguments): void {
    const { heap, objects, databases } = this.#server.keyspace;
    if (args.count < 2) return;
    const address = databases[this.#context.client.database]?.find(args.buffer, args.start(1), args.end(1)) ?? 0;
    if (address === 0 || record.encodingOf(heap, address) < record.encoding.object) return;
    const isLarge = objects.get(record.valueLengthOf(heap, address)).memoryBytes >= unsnappedBytes;
    if (isLarge) this.#server.storage?.log?.rewriter.putOff(putOffMs);
  }

  #run(args: Arguments): string | undefined {
    const { processor } = this.#server;
    const reply = this.#reply;
    const command = processor.resolve(args);
    if (command instanceof Refusal) return command.message;
    processor.call(this.#context, command, args, reply);
    const isError = reply.length > 0 && reply.bytes[0] === minus;
    const text = Buffer.from(reply.bytes.subarray(1, Math.max(1, reply.length - 2))).toString("latin1");
    reply.clear();
    return isError ? `${command.fullName}: ${text}` : undefined;
  }
}
