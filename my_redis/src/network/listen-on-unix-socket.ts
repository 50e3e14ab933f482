import { chmodSync, rmSync, statSync } from "node:fs";
import { connect } from "node:net";
import { reasonOf } from "../system-error.ts";
import { ListenError } from "./listen-on-addresses.ts";
import type { NetworkServer } from "./network-server.ts";
import type { Listen } from "./transport.ts";

/** The system has no room for a longer name. */
const maxPathBytes = 107;

/**
 * Listens at the absolute `path`, and gives the socket the file mode, unless that is 0. A socket that nobody listens at is replaced.
 * The result removes the file. Throws ListenError.
 */
export async function listenOnUnixSocket(
  network: NetworkServer,
  listen: Listen,
  { path, mode }: { readonly path: string; readonly mode: number },
): Promise<() => void> {
  const bytes = Buffer.byteLength(path);
  if (bytes > maxPathBytes) {
    throw new ListenError(path, new Error(`a path of ${bytes} bytes: a socket has at most ${maxPathBytes} bytes`));
  }
  try {
    await removeStale(path);
    await network.listen(listen, path, 0, "local clients");
    if (mode !== 0) chmodSync(path, mode);
  } catch (error) {
    if (error instanceof ListenError) throw error;
    throw new ListenError(path, new Error(reasonOf(error), { cause: error }));
  }
  return () => rmSync(path, { force: true });
}

async function removeStale(path: string): Promise<void> {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) throw new ListenError(path, new Error("it is a file, and not a socket"));
  if (await isServed(path)) throw new ListenError(path, new Error("bind: Address already in use"));
  rmSync(path, { force: true });
}

function isServed(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
