import { createServer } from "node:net";

/**
 * Below the range that systems hand out to outgoing connections (from 32768), so that nothing takes the port between
 * this check and the server's start, nor while a server that will be restarted on its port is down.
 */
const lowestPort = 12_000;
const highestPort = 32_000;
const maxTries = 100;

/**
 * A TCP port of 127.0.0.1 that is free, or the first of `inARow` such ports. A server that can listen on port 0 should do
 * that instead.
 */
export async function freePort(inARow = 1): Promise<number> {
  for (let attempt = 0; attempt < maxTries; attempt++) {
    const port = lowestPort + Math.floor(Math.random() * (highestPort - lowestPort));
    const free = await Promise.all(Array.from({ length: inARow }, (_, step) => portIsFree(port + step)));
    if (free.every(Boolean)) return port;
  }
  throw new Error(`no ${inARow} free ports in a row between ${lowestPort} and ${highestPort} in ${maxTries} tries`);
}

/** `count` different free ports. Asking `freePort` so many times could give one port twice. */
export async function freePorts(count: number): Promise<number[]> {
  const first = await freePort(count);
  return Array.from({ length: count }, (_, step) => first + step);
}

/** Whether no process listens on this port of 127.0.0.1. */
export function portIsFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(true)));
  });
}
