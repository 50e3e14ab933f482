/** The parts that the tests use of modules without types. */
declare module "redlock" {
  import type { Redis } from "ioredis";

  interface Lock {
    readonly resource: string | readonly string[];
    readonly value: string;
    readonly expiration: number;
    extend(ttlMs: number): Promise<Lock>;
    unlock(): Promise<void>;
  }

  interface Options {
    retryCount?: number;
    retryDelay?: number;
    retryJitter?: number;
  }

  export default class Redlock {
    static readonly LockError: new () => Error;
    constructor(clients: readonly Redis[], options?: Options);
    lock(resource: string | readonly string[], ttlMs: number): Promise<Lock>;
  }
}

declare module "express-session" {
  import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";

  export interface SessionData {
    [name: string]: unknown;
  }
  export class Store {
    get(id: string, done: (error?: unknown, session?: SessionData | null) => void): void;
  }

  interface Session extends SessionData {
    destroy(done: (error?: unknown) => void): void;
  }
  export type SessionRequest = IncomingMessage & { session: Session; sessionID: string };

  export default function session(options: {
    store: Store;
    secret: string;
    resave: boolean;
    saveUninitialized: boolean;
    rolling?: boolean;
    cookie?: { maxAge: number };
  }): (request: IncomingMessage, response: ServerResponse, next: RequestListener | (() => void)) => void;
}
