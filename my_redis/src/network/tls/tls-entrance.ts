import type { Services } from "../../dispatch/context.ts";
import type { TlsListening } from "../transport.ts";
import type { Encryption } from "./encryption.ts";
import { Handshakes } from "./handshakes.ts";
import { RareWarnings } from "./rare-warnings.ts";
import type { TlsContexts } from "./tls-contexts.ts";

/** The way in for encrypted clients: the certificates and the handshakes, which INFO shows. */
export class TlsEntrance implements TlsListening {
  readonly handshakes: Handshakes;
  readonly #encryption: Encryption;
  readonly #misses: RareWarnings;

  /** `hasRoom`: whether one more client may connect. */
  constructor(
    { environment, info }: Pick<Services, "environment" | "info">,
    encryption: Encryption,
    hasRoom: () => boolean,
  ) {
    this.#encryption = encryption;
    this.#misses = new RareWarnings(environment);
    this.handshakes = new Handshakes({ environment, hasRoom });
    info.add("server", () => encryption.infoLines(environment.nowMs()));
    info.add("stats", () => (encryption.contexts === undefined ? [] : this.handshakes.infoLines));
  }

  /** There are some while there is a port for encrypted clients. */
  contexts(): TlsContexts {
    return this.#encryption.contexts as TlsContexts;
  }

  /** A client at this address speaks TLS to a port that is not encrypted. */
  missedBy(remoteAddress: string): void {
    this.#misses.warn(`${remoteAddress} speaks TLS to a port that is not encrypted, and is disconnected`);
  }
}
