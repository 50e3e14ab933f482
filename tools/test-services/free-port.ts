import { createServer } from "node:net";

/**
 * Below the range that systems hand out to outgoing connections (from 32768), so that nothing takes the port between
 * this check and the server's start, nor while a server that will be restarted on its port is down.
 */
const lowestPort = 12_000;
const highestPort = 32_000;
const maxTries = 100;

/**
 * A TCP port on 127.0.0.1 that nobody listens on, or the first of `inARow` such ports. Whoever can listen on port 0 should
 * do that instead.
 */
export async function freePort(inARow = 1): Promise<number> {
  for (let attempt = 0; attempt < maxTries; attempt++) {
    const port = lowestPort + Math.floor(Math.random() * (highestPort - lowestPort));
    const free = await Promise.all(Array.from({ length: inARow }, (_, step) => portIsFree(port + step)));
    if (free.every(Boolean)) return port;
  }
  throw new Error(`no ${inARow} free ports in a row between ${lowestPort} and ${highestPort} in ${maxTries} tries`);
}

/** Whether nobody listens on this port of 127.0.0.1. */
export function portIsFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(true)));
  });
}
