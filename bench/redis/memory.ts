import { connect } from "node:net";
import { residentBytes } from "../measure.ts";
import { type Peer, startPeer } from "./peers.ts";

const keys = 1_000_000;
const batch = 10_000;
const valueBytes = 32;

/** Growth of resident memory over 1,000,000 keys of 16 bytes with values of 32, in bytes; the median of fresh servers. */
export async function memoryGrowth(name: Peer["name"]): Promise<number> {
  const peer = await startPeer(name, false);
  try {
    const before = residentBytes(peer.pid);
    await fill(peer.port);
    return residentBytes(peer.pid) - before;
  } finally {
    await peer.stop();
  }
}

async function fill(port: number): Promise<void> {
  const socket = connect(port, "127.0.0.1");
  let answered = 0;
  let wake = (): void => {};
  // Every reply is "+OK\r\n".
  socket.on("data", (chunk: Buffer) => {
    answered += chunk.length / 5;
    wake();
  });
  for (let first = 0; first < keys; first += batch) {
    let requests = "";
    for (let index = first; index < first + batch; index++) {
      const number = `${index}`.padStart(12, "0");
      // A value that no server can hold as an integer.
      requests += `*3\r\n$3\r\nSET\r\n$16\r\nkey:${number}\r\n$${valueBytes}\r\nv${number.padStart(valueBytes - 1, "x")}\r\n`;
    }
    socket.write(requests);
    while (answered < first + batch - 1e-6) await new Promise<void>((resolve) => (wake = resolve));
  }
  socket.destroy();
}
