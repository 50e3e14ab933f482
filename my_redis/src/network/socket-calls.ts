import { openCLibrary } from "../c-library.ts";

/** Calls of the system on a socket that neither Bun nor Node offers. All do nothing where they are not possible. */

interface Library {
  recv(descriptor: number, into: number, bytes: number, flags: number): number;
  poll(entries: number, count: number, timeoutMs: number): number;
  shutdown(descriptor: number, how: number): number;
  fcntl(descriptor: number, command: number, argument: number): number;
  close(descriptor: number): number;
  setsockopt(descriptor: number, level: number, name: number, value: number, bytes: number): number;
}
// Linux's numbers.
const tcpLevel = 6;
const corkOption = 3;
const sendingSide = 1;
/** The peer has ended its side; the connection has failed; it is closed in both directions. */
const endedEvents = 0x2000 | 0x8 | 0x10;
const askedEvents = 0x2000;
/** Programs that this one starts do not get it. */
const duplicateForThisProgram = 1030;
const withoutWaiting = 0x40;
const leftThere = 0x2;

/** What `receive` has read: as much as redis-server reads of a client at a time, unless an argument is long. */
export const receivedBytes = new Uint8Array(new ArrayBuffer(16 * 1024));

function openCalls() {
  const opened = openCLibrary<Library>({
    recv: { args: ["int", "ptr", "u64_fast", "int"], returns: "i64_fast" },
    poll: { args: ["ptr", "u64_fast", "int"], returns: "int" },
    shutdown: { args: ["int", "int"], returns: "int" },
    fcntl: { args: ["int", "int", "int"], returns: "int" },
    close: { args: ["int"], returns: "int" },
    setsockopt: { args: ["int", "int", "int", "ptr", "u32"], returns: "int" },
  });
  if (opened === undefined) return undefined;
  const { functions: library, ptr } = opened;
  // Arrays with an ArrayBuffer of their own, because small ones without may be moved.
  const entry = new Int32Array(new ArrayBuffer(8));
  const events = new Int16Array(entry.buffer);
  const on = new Int32Array(new ArrayBuffer(4)).fill(1);
  return { library, entry, events, on, entryAt: ptr(entry), onAt: ptr(on), receivedAt: ptr(receivedBytes) };
}

/** Undefined where the C library cannot be called. */
const calls = openCalls();

/** Whether `peerHasEnded` and `lookAhead` know. */
export const canAsk = calls !== undefined;

/** Whether the peer of a socket has closed its side, whatever is still unread. About a microsecond. */
export function peerHasEnded(descriptor: number): boolean {
  if (calls === undefined || descriptor < 0) return false;
  const { library, entry, entryAt, events } = calls;
  entry[0] = descriptor;
  events[2] = askedEvents;
  events[3] = 0;
  return library.poll(entryAt, 1, 0) > 0 && ((events[3] ?? 0) & endedEvents) !== 0;
}

/**
 * Reads what has arrived at a socket into `receivedBytes`, without waiting; gives the number of bytes. 0: nothing is
 * there, or the peer has ended its side, or the socket has failed. What of these it is, the runtime finds when it reads.
 */
export const receive = (descriptor: number): number => readInto(descriptor, withoutWaiting);

/** As `receive`, but what is read stays there, and is read again. */
export const lookAhead = (descriptor: number): number => readInto(descriptor, withoutWaiting | leftThere);

function readInto(descriptor: number, flags: number): number {
  if (calls === undefined || descriptor < 0) return 0;
  const { library, receivedAt } = calls;
  return Math.max(0, library.recv(descriptor, receivedAt, receivedBytes.length, flags));
}

/** Nothing but full packets is sent until the socket is closed, or 200 ms have passed. */
export function cork(descriptor: number): void {
  if (calls !== undefined && descriptor >= 0) {
    calls.library.setsockopt(descriptor, tcpLevel, corkOption, calls.onAt, 4);
  }
}

/** Sends the end of the connection. After `cork` it leaves in the same packet as the last bytes. */
export function endSending(descriptor: number): void {
  if (calls !== undefined && descriptor >= 0) calls.library.shutdown(descriptor, sendingSide);
}

/** Another descriptor of a socket, which stays open when the first one is closed; undefined where that is not possible. */
export function duplicate(descriptor: number | undefined): number | undefined {
  if (calls === undefined || descriptor === undefined || descriptor < 0) return undefined;
  const copy = calls.library.fcntl(descriptor, duplicateForThisProgram, 0);
  return copy < 0 ? undefined : copy;
}

/** Closes what `duplicate` has given. */
export const closeDescriptor = (descriptor: number): void => void calls?.library.close(descriptor);
