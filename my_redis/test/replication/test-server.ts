import type { RespConnection, Word } from "../differential/harness/resp-connection.ts";

/** A server of either kind with a connection to it. */
export interface TestServer {
  readonly port: number;
  readonly name: "MyRedis" | "redis-server";
  /** What it has reported so far. */
  log(): string;
  /** Sends one command and gives its reply as text. */
  ask(...words: Word[]): Promise<string>;
  connect(): Promise<RespConnection>;
  close(): Promise<void>;
}
