import type { Environment } from "../environment.ts";
import { closeDescriptor, duplicate } from "./socket-calls.ts";
import type { Listener, ListenOptions } from "./transport.ts";

/** The clients of a listener: all, those over TLS, those who look after the server, or those of a Unix socket. */
export type PortPurpose = "clients" | "encrypted clients" | "administration" | "local clients";

/** For local clients `host` is the path of the Unix socket. */
export interface ListenAddress extends ListenOptions {
  readonly purpose: PortPurpose;
}

interface OpenListener {
  readonly address: ListenAddress;
  readonly listen: (address: ListenOptions) => Promise<Listener>;
  /** Undefined while another thread listens there. */
  listener: Listener | undefined;
  /** The listening socket meanwhile: it stays open, because the system resets clients that wait at one that is closed. */
  kept: number | undefined;
}

const isPlain = ({ address: { purpose } }: OpenListener): boolean =>
  purpose !== "encrypted clients" && purpose !== "local clients";

function close(open: OpenListener): void {
  open.listener?.close();
  open.listener = undefined;
  if (open.kept !== undefined) closeDescriptor(open.kept);
  open.kept = undefined;
}

/** The socket goes on listening, where its descriptor is known. */
function leave(open: OpenListener): void {
  const kept = open.kept ?? duplicate(open.listener?.descriptor);
  open.kept = undefined;
  close(open);
  open.kept = kept;
}

/** An address that is still in use is tried again after this time. */
const retryMs = 50;

/** The addresses at which a server listens. */
export class OpenListeners {
  readonly #report: Environment["report"];
  readonly #all: OpenListener[] = [];
  #stopped = false;

  constructor(report: Environment["report"]) {
    this.#report = report;
  }

  /** Those at which the stand-in can listen: it knows no TLS and no Unix sockets. */
  get plainAddresses(): readonly ListenAddress[] {
    return this.#all.filter(isPlain).map(({ address }) => address);
  }

  /** The same after `closePlain`, with a descriptor of each listening socket, where it is known, that the caller has to close. */
  lendPlain(): readonly ListenAddress[] {
    return this.#all.filter(isPlain).map(({ address, kept }) => ({ ...address, descriptor: duplicate(kept) }));
  }

  /** Listens at an address, with a free port for port 0; returns the port. */
  async open(address: ListenAddress, listen: OpenListener["listen"]): Promise<number> {
    const listener = await listen(address.purpose === "local clients" ? { ...address, path: address.host } : address);
    const { port } = listener;
    this.#all.push({ address: { ...address, port }, listen, listener, kept: undefined });
    return port;
  }

  /** Accepts no more clients that are not encrypted, until `openAgain`. */
  closePlain(): void {
    for (const open of this.#all.filter(isPlain)) leave(open);
  }

  /** Accepts no more clients. */
  stop(): void {
    this.#stopped = true;
    for (const open of this.#all) close(open);
  }

  /** Listens again at all addresses. */
  openAgain(): void {
    for (const open of this.#all) if (open.listener === undefined) void this.#openAgain(open);
  }

  async #openAgain(open: OpenListener): Promise<void> {
    const { host, port } = open.address;
    const descriptor = open.kept;
    open.kept = undefined;
    try {
      const listener = await open.listen({ host, port, descriptor });
      if (this.#stopped || open.listener !== undefined) listener.close();
      else open.listener = listener;
    } catch (error) {
      if (this.#stopped) return;
      this.#report("warning", `cannot listen again at ${host}:${port} yet`, error);
      setTimeout(() => this.openAgain(), retryMs);
    }
  }
}
