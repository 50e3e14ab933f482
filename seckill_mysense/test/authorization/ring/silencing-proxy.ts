import type { Socket } from "bun";
import { freePort } from "../../../../tools/test-services/index.ts";

export interface SilencingProxy {
  /** host:port, as gateways are named. */
  readonly name: string;
  /** From now on connections go to the same port of that host. */
  forwardTo(host: string): void;
  /** Nothing gets through any more, in either direction; connections stay. */
  silence(): void;
  /** From now on what callers send is replaced. */
  meddle(how: Meddling): void;
  /** Ends all connections. */
  cut(): void;
  close(): void;
}

/** What goes on to the listener, and back to the caller, in place of what the caller has sent. */
export type Meddling = (chunk: Buffer) => { readonly onward?: readonly Buffer[]; readonly back?: readonly Buffer[] };

interface Pair {
  /** Bytes that came before the other side was connected. */
  readonly early: Buffer[];
  other: Socket | undefined;
}

/** Stands before a gateway that listens at the same port of another loopback address. */
export async function silencingProxy(): Promise<SilencingProxy> {
  const port = await freePort();
  let target = "";
  let isSilent = false;
  let meddling: Meddling = (chunk) => ({ onward: [chunk] });
  const sockets = new Set<Socket<Pair>>();

  async function connectOn(socket: Socket<Pair>): Promise<void> {
    const data = (_: Socket, chunk: Buffer): void => {
      if (!isSilent) socket.write(chunk);
    };
    const other = await Bun.connect({ hostname: target, port, socket: { data, close: () => socket.terminate() } });
    socket.data.other = other;
    for (const chunk of socket.data.early) other.write(chunk);
  }

  const server = Bun.listen<Pair>({
    hostname: "127.0.0.1",
    port,
    exclusive: true,
    socket: {
      open(socket) {
        socket.data = { early: [], other: undefined };
        sockets.add(socket);
        if (target === "") socket.terminate();
        else connectOn(socket).catch(() => socket.terminate());
      },
      data(socket, chunk) {
        if (isSilent) return;
        if (socket.data.other === undefined) socket.data.early.push(Buffer.from(chunk));
        else {
          const { onward = [], back = [] } = meddling(Buffer.from(chunk));
          for (const one of onward) socket.data.other.write(one);
          for (const one of back) socket.write(one);
        }
      },
      close(socket) {
        sockets.delete(socket);
        socket.data.other?.terminate();
      },
    },
  });
  return {
    name: `127.0.0.1:${port}`,
    forwardTo: (host) => {
      target = host;
    },
    silence: () => {
      isSilent = true;
    },
    meddle: (how) => {
      meddling = how;
    },
    cut() {
      for (const socket of sockets) socket.terminate();
    },
    close() {
      server.stop(true);
      for (const socket of sockets) socket.terminate();
    },
  };
}
