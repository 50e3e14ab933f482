import type { InfoLine } from "../../dispatch/info-book.ts";
import type { Settings } from "../../settings/settings.ts";
import { readTlsContexts, type TlsContexts, usesTls } from "./tls-contexts.ts";
import type { X509Certificate } from "node:crypto";
import { type DirectiveName, directiveNames } from "../../settings/directives.ts";

const ofTls = directiveNames.filter((name): name is DirectiveName => name.startsWith("tls-"));

/**
 * The certificates and rules for encrypted connections. Each change of a tls directive reads all files again, so that
 * setting a file's name again takes a renewed certificate. Open connections keep what they began with.
 */
export class Encryption {
  readonly #settings: Settings;
  #contexts: TlsContexts | undefined;

  /** Throws DirectiveError when a file that is needed cannot be used. */
  constructor(settings: Settings) {
    this.#settings = settings;
    this.#read();
    for (const name of ofTls) settings.onChange(name, () => this.#read());
  }

  /** Those for new connections; undefined when nothing is to be encrypted. */
  get contexts(): TlsContexts | undefined {
    return this.#contexts;
  }

  #read(): void {
    const { values } = this.#settings;
    this.#contexts = usesTls(values) ? readTlsContexts(values) : undefined;
  }

  /** Valkey's names. */
  infoLines(nowMs: number): readonly InfoLine[] {
    if (this.#contexts === undefined) return [];
    const { server, client, authority } = this.#contexts.certificates;
    const lines = (name: string, certificate: X509Certificate | undefined): InfoLine[] =>
      certificate === undefined
        ? []
        : [
            [`tls_${name}_cert_serial`, certificate.serialNumber],
            [
              `tls_${name}_cert_expires_in_seconds`,
              Math.max(0, Math.floor((Date.parse(certificate.validTo) - nowMs) / 1000)),
            ],
          ];
    return [...lines("server", server), ...lines("client", client), ...lines("ca", authority)];
  }
}
