import type { Client } from "./client.ts";

/** Whether the client runs on this machine, that is, is connected by a loopback address. */
export function isLocalClient(client: Client): boolean {
  return isLoopback(client.channel.remoteAddress);
}

/** Whether an address, with or without a port, is a loopback address. */
export function isLoopback(address: string): boolean {
  return /^(127\.|::ffff:127\.|::1(:|$)|\[::1\])/.test(address);
}
