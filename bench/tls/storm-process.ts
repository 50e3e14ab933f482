/** The load of a storm: many handshakes at a time, while a client without TLS asks one request after the other. */
import { readFileSync } from "node:fs";
import { connect, createSecureContext } from "node:tls";
import { Worker } from "node:worker_threads";

export interface StormTask {
  readonly port: number;
  readonly tlsPort: number;
  readonly connections: number;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export interface StormRun {
  readonly succeeded: number;
  readonly failed: number;
  /** From the first connection until the last handshake is over. */
  readonly seconds: number;
  readonly otherMs: { readonly p50: number; readonly p99: number; readonly max: number };
}

const task = JSON.parse(process.argv[2] as string) as StormTask;
const { port, tlsPort, connections } = task;
const secureContext = createSecureContext({
  ca: readFileSync(task.ca),
  cert: readFileSync(task.cert),
  key: readFileSync(task.key),
});

/** The other client is a thread of its own, because the handshakes keep this one busy. */
const otherProgram = `
const { workerData, parentPort } = require("node:worker_threads");
const socket = require("node:net").connect(workerData, "127.0.0.1");
const waits = [];
let sentAt = 0;
let isOver = false;
const ask = () => { sentAt = performance.now(); socket.write("PING\\r\\n"); };
socket.on("connect", () => { ask(); parentPort.postMessage("begun"); });
socket.on("data", () => {
  waits.push(performance.now() - sentAt);
  if (isOver) { parentPort.postMessage(waits); socket.destroy(); } else setTimeout(ask, 1);
});
parentPort.on("message", () => { isOver = true; parentPort.unref(); });
`;

const other = new Worker(otherProgram, { eval: true, workerData: port });
await new Promise((resolve) => other.once("message", resolve));

let succeeded = 0;
let failed = 0;
const startMs = performance.now();
await Promise.all(
  Array.from(
    { length: connections },
    () =>
      new Promise((resolve) => {
        const socket = connect({
          host: "127.0.0.1",
          port: tlsPort,
          secureContext,
          checkServerIdentity: () => undefined,
        });
        // A server that refuses the client says so only after the client's own side of the handshake is over.
        socket.on("secureConnect", () => socket.write("PING\r\n"));
        socket.once("data", () => {
          succeeded++;
          resolve(socket);
        });
        socket.on("error", () => {});
        socket.once("close", () => {
          failed++;
          resolve(socket);
        });
      }),
  ),
);
const seconds = (performance.now() - startMs) / 1000;
const waits = await new Promise<number[]>((resolve) => {
  other.once("message", resolve);
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, and no window
  other.postMessage("end");
});
waits.sort((a, b) => a - b);
const at = (share: number): number => waits[Math.min(waits.length - 1, Math.floor(waits.length * share))] as number;
const run: StormRun = { succeeded, failed, seconds, otherMs: { p50: at(0.5), p99: at(0.99), max: at(1) } };
console.log(JSON.stringify(run));
process.exit(0);
