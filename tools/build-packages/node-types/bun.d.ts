/**
 * As much of Bun as the packages use where Bun runs them. The types of Bun itself would bring functions of JavaScript
 * that Node 20 lacks, such as Promise.withResolvers, so that the compiler could not find their use.
 */
declare module "bun" {
  interface Socket<State> {
    data: State;
    readonly remoteAddress: string;
    readonly remotePort: number;
    readonly localAddress: string;
    readonly localPort: number;
    write(bytes: Uint8Array, start: number, count: number): number;
    end(): void;
    close(): void;
    terminate(): void;
    pause(): void;
    resume(): void;
    unref(): void;
    setNoDelay(wanted: boolean): boolean;
    setKeepAlive(wanted: boolean, delayMs: number): boolean;
    readonly authorized: boolean;
    getPeerCertificate(): object;
    upgradeTLS<Upgraded>(options: {
      readonly tls: unknown;
      readonly data: Upgraded;
      readonly socket: SocketHandler<Upgraded>;
    }): [raw: Socket<Upgraded>, encrypted: Socket<Upgraded>];
  }

  interface SocketHandler<State> {
    open?(socket: Socket<State>): void | Promise<void>;
    handshake?(socket: Socket<State>, success: boolean, error: Error | null): void;
    data?(socket: Socket<State>, chunk: Buffer): void;
    drain?(socket: Socket<State>): void;
    end?(socket: Socket<State>): void;
    close?(socket: Socket<State>): void;
    error?(): void;
    connectError?(): void;
  }
}

interface BunAddress<State> {
  readonly hostname: string;
  readonly port: number;
  readonly socket: import("bun").SocketHandler<State>;
}

declare const Bun: {
  readonly version: string;
  gc(atOnce: boolean): void;
  readonly hash: { xxHash3(bytes: Uint8Array): bigint };
  listen<State>(address: BunAddress<State> & { readonly allowHalfOpen: boolean }): {
    readonly port: number;
    unref(): void;
    stop(): void;
  };
  listen<State>(address: {
    readonly unix: string;
    readonly allowHalfOpen: boolean;
    readonly socket: import("bun").SocketHandler<State>;
  }): {
    unref(): void;
    stop(): void;
  };
  connect<State>(address: BunAddress<State> & { readonly tls?: unknown; readonly data?: State }): Promise<unknown>;
};
