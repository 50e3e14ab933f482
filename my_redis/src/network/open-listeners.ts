import type { Environment } from "../environment.ts";
import type { Listener, ListenOptions } from "./transport.ts";

/** The clients of a port: all, or those who look after the server. */
export type PortPurpose = "clients" | "administration";

export interface ListenAddress extends ListenOptions {
  readonly purpose: PortPurpose;
}

interface OpenListener {
  readonly address: ListenAddress;
  readonly listen: (address: ListenOptions) => Promise<Listener>;
  /** Undefined while another thread listens there. */
  listener: Listener | undefined;
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

  get addresses(): readonly ListenAddress[] {
    return this.#all.map(({ address }) => address);
  }

  /** Listens at an address, with a free port for port 0; returns the port. */
  async open(address: ListenAddress, listen: OpenListener["listen"]): Promise<number> {
    const listener = await listen(address);
    const { port } = listener;
    this.#all.push({ address: { ...address, port }, listen, listener });
    return port;
  }

  /** Accepts no more clients until `openAgain`. */
  closeAll(): void {
    for (const open of this.#all) {
      open.listener?.close();
      open.listener = undefined;
    }
  }

  /** Accepts no more clients. */
  stop(): void {
    this.#stopped = true;
    this.closeAll();
  }

  /** Listens again at all addresses. */
  openAgain(): void {
    for (const open of this.#all) if (open.listener === undefined) void this.#openAgain(open);
  }

  async #openAgain(open: OpenListener): Promise<void> {
    const { host, port } = open.address;
    try {
      const listener = await open.listen({ host, port });
      if (this.#stopped || open.listener !== undefined) listener.close();
      else open.listener = listener;
    } catch (error) {
      if (this.#stopped) return;
      this.#report("warning", `cannot listen again at ${host}:${port} yet`, error);
      setTimeout(() => this.openAgain(), retryMs);
    }
  }
}
