import type { Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { ListenError } from "../network/listen-on-addresses.ts";

/**
 * Listens at one address in the form of `bind`, and gives the port. Undefined where this machine does not have an address that
 * may be missing ("-::1"). Throws ListenError.
 */
export function listenOnAddress(listener: HttpServer, address: string, port: number): Promise<number | undefined> {
  const mayBeMissing = address.startsWith("-");
  const name = mayBeMissing ? address.slice(1) : address;
  const host = name === "*" ? "0.0.0.0" : name === "::*" ? "::" : name;
  return new Promise((resolve, reject) => {
    listener.once("error", (error: NodeJS.ErrnoException) => {
      const isMissing = error.code === "EADDRNOTAVAIL" || error.code === "EAFNOSUPPORT";
      if (mayBeMissing && isMissing) resolve(undefined);
      else reject(new ListenError(`${host}:${port}`, error));
    });
    listener.listen({ host, port }, () => resolve((listener.address() as AddressInfo).port));
  });
}
