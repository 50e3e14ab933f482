import { closeSocket, connectTo, NativeBytes, receiveSome, sendSome } from "../open-loop/libc-sockets.ts";
import { latin1Of, wholeRange } from "../../my_redis/src/memory/byte-range.ts";

/** A request of the load: it reads or writes one of the keys. */
export interface RingRequest {
  readonly key: number;
  readonly isWrite: boolean;
  /** When it was to be sent. */
  readonly dueMs: number;
}

const digits = 7;
const value = "v".repeat(100);
const outputBytes = 256 * 1024;
const maxOutstanding = 4096;
const longestRequestBytes = 256;
const input = new NativeBytes(256 * 1024);

export const keyName = (key: number): string => `key:${String(key).padStart(digits, "0")}`;

function textOf({ key, isWrite }: RingRequest): string {
  const words = isWrite ? ["SET", keyName(key), value] : ["GET", keyName(key)];
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join("")}`;
}

/** One connection of the load to a node. It keeps each request until its reply, so that it can be sent elsewhere. */
export class RingConnection {
  readonly descriptor: number;
  readonly #output = new NativeBytes(outputBytes);
  #start = 0;
  #end = 0;
  #outstanding: RingRequest[] = [];
  /** The beginning of a line whose end has not come yet. */
  #rest = "";

  constructor(port: number) {
    this.descriptor = connectTo(port);
  }

  get outstanding(): number {
    return this.#outstanding.length;
  }

  /** Adds a request; false when too many wait already. */
  ask(request: RingRequest): boolean {
    if (this.outstanding >= maxOutstanding || !this.#hasRoom()) return false;
    const bytes = Buffer.from(textOf(request), "latin1");
    this.#output.bytes.set(bytes, this.#end);
    this.#end += bytes.length;
    this.#outstanding.push(request);
    return true;
  }

  #hasRoom(): boolean {
    if (this.#end + longestRequestBytes <= outputBytes) return true;
    this.#output.bytes.copyWithin(0, this.#start, this.#end);
    this.#end -= this.#start;
    this.#start = 0;
    return this.#end + longestRequestBytes <= outputBytes;
  }

  /** Sends what the system takes. */
  flush(): void {
    if (this.#start < this.#end) this.#start += sendSome(this.descriptor, this.#output, this.#start, this.#end);
  }

  /** Reads replies, and passes each on with its request. Throws when the node has closed the connection. */
  receive(onReply: (request: RingRequest, error: string | undefined) => void): void {
    const size = receiveSome(this.descriptor, input);
    if (size === 0) throw new Error("a node has closed a connection of the load");
    if (size < 0) return;
    const lines = (this.#rest + latin1Of(wholeRange(input.bytes.subarray(0, size)))).split("\r\n");
    this.#rest = lines.pop() as string;
    let answered = 0;
    for (const line of lines) {
      // A value stands on a line of its own, and has no line end in it.
      if (line.startsWith("$") && line !== "$-1") continue;
      onReply(this.#outstanding[answered++] as RingRequest, line.startsWith("-") ? line.slice(1) : undefined);
    }
    this.#outstanding = this.#outstanding.slice(answered);
  }

  close(): void {
    closeSocket(this.descriptor);
  }
}
