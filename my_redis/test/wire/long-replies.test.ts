import { describe, expect, test } from "bun:test";
import { Connection, type ConnectionOwner } from "../../src/network/connection.ts";
import type { TransportSocket } from "../../src/network/transport.ts";
import { TurnOutput } from "../../src/network/turn-output.ts";

const mebibyte = 1024 * 1024;

const owner: ConnectionOwner = {
  continueReading() {},
  endAfterTurn() {},
  forget() {},
  checkOutput() {},
  checkMemory() {},
};

/** A socket that takes at most so many bytes of each write. */
class SlowSocket {
  readonly chunks: Uint8Array[] = [];
  readonly written = new Set<Uint8Array>();
  readonly connection: Connection;

  constructor(takenBytes: number) {
    const socket: Partial<TransportSocket> = {
      bufferedBytes: 0,
      write: (bytes, start, end) => {
        this.written.add(bytes);
        const taken = Math.min(takenBytes, end - start);
        this.chunks.push(bytes.slice(start, start + taken));
        return taken;
      },
      resume() {},
    };
    const limits = { maxBulkBytes: mebibyte, maxQueryBufferBytes: mebibyte };
    this.connection = new Connection(socket as TransportSocket, owner, limits);
    const context = { client: {}, server: { clock: { update() {}, monotonicMs: 0 } } };
    this.connection.context = context as unknown as Connection["context"];
  }

  drain(): string {
    while (this.connection.pendingBytes > 0) this.connection.drain();
    return Buffer.concat(this.chunks).toString("latin1");
  }
}

/** Writes one turn: each entry is a sink and its part of the replies. */
function send(output: TurnOutput, parts: readonly (readonly [SlowSocket, string])[]): void {
  for (const [{ connection }, text] of parts) {
    output.switchTo(connection);
    output.writer.latin1(text);
  }
  output.send();
}

describe("replies that sockets do not take at once", () => {
  test("a long reply waits in the array in which it was written, and a short one in a copy", () => {
    const output = new TurnOutput();
    const [long, short] = [new SlowSocket(mebibyte), new SlowSocket(10)];
    send(output, [
      [short, "short".repeat(100)],
      [long, "x".repeat(9 * mebibyte)],
    ]);
    expect(long.drain()).toBe("x".repeat(9 * mebibyte));
    expect(short.drain()).toBe("short".repeat(100));
    expect(long.written.size).toBe(1);
    expect(short.written.size).toBe(2);
  });

  test("clients whose replies alternate with a long one get their own", () => {
    const output = new TurnOutput();
    const [one, two, three] = [new SlowSocket(1000), new SlowSocket(7), new SlowSocket(70_000)];
    const long = "long ".repeat(mebibyte);
    send(output, [
      [two, "a".repeat(100)],
      [one, long],
      [two, "b".repeat(5000)],
      [one, "c".repeat(3)],
      [three, "d".repeat(200_000)],
      [one, "e".repeat(7000)],
      [two, "f".repeat(9)],
    ]);
    // The next turn has another array, and its replies come after those of this one.
    send(output, [
      [three, "g".repeat(10)],
      [one, "h".repeat(300_000)],
      [two, "i".repeat(20)],
    ]);
    const { length } = one.drain();
    expect(length).toBe(long.length + 3 + 7000 + 300_000);
    expect(one.drain()).toBe(`${long}ccc${"e".repeat(7000)}${"h".repeat(300_000)}`);
    expect(two.drain()).toBe(`${"a".repeat(100)}${"b".repeat(5000)}${"f".repeat(9)}${"i".repeat(20)}`);
    expect(three.drain()).toBe(`${"d".repeat(200_000)}${"g".repeat(10)}`);
  });

  test("replies of a kept array are not changed by the next turn", () => {
    const output = new TurnOutput();
    const socket = new SlowSocket(1000);
    send(output, [[socket, "x".repeat(3 * mebibyte)]]);
    send(output, [[new SlowSocket(10), "y".repeat(3 * mebibyte)]]);
    expect(socket.drain()).toBe("x".repeat(3 * mebibyte));
  });
});
