import { openCLibrary } from "../c-library.ts";

/** Calls of the system on a socket that neither Bun nor Node offers. All do nothing where they are not possible. */

interface Library {
  poll(entries: number, count: number, timeoutMs: number): number;
  shutdown(descriptor: number, how: number): number;
  setsockopt(descriptor: number, level: number, name: number, value: number, bytes: number): number;
}
// Linux's numbers.
const tcpLevel = 6;
const corkOption = 3;
const sendingSide = 1;
/** The peer has ended its side; the connection has failed; it is closed in both directions. */
const endedEvents = 0x2000 | 0x8 | 0x10;
const askedEvents = 0x2000;

function openCalls() {
  const opened = openCLibrary<Library>({
    poll: { args: ["ptr", "u64_fast", "int"], returns: "int" },
    shutdown: { args: ["int", "int"], returns: "int" },
    setsockopt: { args: ["int", "int", "int", "ptr", "u32"], returns: "int" },
  });
  if (opened === undefined) return undefined;
  const { functions: library, ptr } = opened;
  // Arrays with an ArrayBuffer of their own, because small ones without may be moved.
  const entry = new Int32Array(new ArrayBuffer(8));
  const events = new Int16Array(entry.buffer);
  const on = new Int32Array(new ArrayBuffer(4)).fill(1);
  return { library, entry, events, on, entryAt: ptr(entry), onAt: ptr(on) };
}

/** Undefined where the C library cannot be called. */
const calls = openCalls();

/** Whether `peerHasEnded` knows. */
export const canAskForEnd = calls !== undefined;

/** Whether the peer of a socket has closed its side, whatever is still unread. About a microsecond. */
export function peerHasEnded(descriptor: number): boolean {
  if (calls === undefined || descriptor < 0) return false;
  const { library, entry, entryAt, events } = calls;
  entry[0] = descriptor;
  events[2] = askedEvents;
  events[3] = 0;
  return library.poll(entryAt, 1, 0) > 0 && ((events[3] ?? 0) & endedEvents) !== 0;
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
