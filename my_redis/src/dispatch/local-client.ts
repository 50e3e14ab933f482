import type { Client } from "./client.ts";

/** Whether the client runs on this machine, that is, is connected by a loopback address or a Unix socket. */
export function isLocalClient(client: Client): boolean {
  return isLoopback(client.channel.remoteAddress);
}

/** Whether an address is that of a Unix socket: its absolute path, with port 0. */
export const isUnixSocket = (address: string): boolean => address.startsWith("/");

/** Whether an address, with or without a port, is a loopback address or that of a Unix socket. */
export function isLoopback(address: string): boolean {
  return isUnixSocket(address) || /^(127\.|::ffff:127\.|::1(:|$)|\[::1\])/.test(address);
}
