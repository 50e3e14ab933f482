import { dlopen, FFIType, type Pointer, ptr } from "bun:ffi";

/**
 * Sockets of the system's C library. A socket of Bun or Node makes a buffer for each read, and the collector's pauses
 * would then be measured as pauses of the server. These read into memory that is made once.
 */
const { int, i64_fast: long, ptr: pointer, u64_fast: size } = FFIType;
const { symbols: libc } = dlopen("libc.so.6", {
  socket: { args: [int, int, int], returns: int },
  connect: { args: [int, pointer, int], returns: int },
  setsockopt: { args: [int, int, int, pointer, int], returns: int },
  send: { args: [int, pointer, size, int], returns: long },
  recv: { args: [int, pointer, size, int], returns: long },
  ppoll: { args: [pointer, size, pointer, pointer], returns: int },
  shutdown: { args: [int, int], returns: int },
  close: { args: [int], returns: int },
});

// Linux's numbers.
const inetFamily = 2;
const streamType = 1;
const tcpLevel = 6;
const noDelay = 1;
const dontWait = 0x40;
const noSignal = 0x4000;
const readable = 0x1;
const closedOrFailed = 0x8 | 0x10;
const sendingSide = 1;

/** Memory that the C library reads and writes. */
export class NativeBytes {
  readonly bytes: Uint8Array;
  readonly #address: number;

  constructor(size: number) {
    // A small array without an ArrayBuffer of its own may be moved.
    this.bytes = new Uint8Array(new ArrayBuffer(size));
    this.#address = ptr(this.bytes);
  }

  at(offset: number): Pointer {
    return (this.#address + offset) as Pointer;
  }
}

/** Connects to this machine. Throws when nobody listens at the port. */
export function connectTo(port: number): number {
  const descriptor = libc.socket(inetFamily, streamType, 0);
  const address = new Uint8Array([inetFamily, 0, port >> 8, port & 255, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
  if (descriptor < 0 || libc.connect(descriptor, ptr(address), address.length) !== 0) {
    throw new Error(`port ${port}: cannot connect`);
  }
  libc.setsockopt(descriptor, tcpLevel, noDelay, ptr(new Int32Array([1])), 4);
  return descriptor;
}

/** Bytes that the system took; 0 when it takes none now, or when the connection is closed. */
export function sendSome(descriptor: number, from: NativeBytes, start: number, end: number): number {
  return Math.max(0, Number(libc.send(descriptor, from.at(start), end - start, dontWait | noSignal)));
}

/** Bytes that were read into `into`; 0 at the end of the connection, -1 when there are none now. */
export function receiveSome(descriptor: number, into: NativeBytes): number {
  return Number(libc.recv(descriptor, into.at(0), into.bytes.length, dontWait));
}

/** Sends the end of the connection, whose other direction stays open. */
export function endSending(descriptor: number): void {
  libc.shutdown(descriptor, sendingSide);
}

export function closeSocket(descriptor: number): void {
  libc.close(descriptor);
}

/** Asks which of some sockets can be read. */
export class ReadableSockets {
  readonly #entries: NativeBytes;
  readonly #words: Int16Array;
  readonly #count: number;
  /** Seconds and nanoseconds. */
  readonly #wait = new BigInt64Array(2);

  constructor(descriptors: readonly number[]) {
    this.#count = descriptors.length;
    this.#entries = new NativeBytes(descriptors.length * 8);
    this.#words = new Int16Array(this.#entries.bytes.buffer);
    const whole = new Int32Array(this.#entries.bytes.buffer);
    for (const [index, descriptor] of descriptors.entries()) {
      whole[index * 2] = descriptor;
      this.#words[index * 4 + 2] = readable;
    }
  }

  /** The number of sockets that can be read or are closed. Waits until there is one, for less than a second. */
  look(waitMs = 0): number {
    this.#wait[1] = BigInt(Math.max(0, Math.round(waitMs * 1e6)));
    return libc.ppoll(this.#entries.at(0), this.#count, ptr(this.#wait), null);
  }

  isReadable(index: number): boolean {
    return ((this.#words[index * 4 + 3] as number) & (readable | closedOrFailed)) !== 0;
  }
}
