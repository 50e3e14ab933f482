import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Services } from "../dispatch/context.ts";
import { linesOfAllSections } from "../commands/server/info/info.ts";
import { listenOnAddresses } from "../network/listen-on-addresses.ts";
import { metricsText } from "./metrics-text.ts";

/** A scraper opens one or two connections. */
const maxConnections = 16;
const requestTimeoutMs = 5000;
const contentType = "text/plain; version=0.0.4; charset=utf-8";
const plain = "text/plain; charset=utf-8";

/** The listeners for Prometheus: GET /metrics, and nothing else. */
export class MetricsEndpoint {
  readonly #server: Services;
  readonly #listeners: HttpServer[] = [];

  constructor(server: Services) {
    this.#server = server;
  }

  /** Listens at each address of `bind`; with port 0 at a free one. Gives the port. Throws ListenError. */
  async open(bind: readonly string[], port: number): Promise<number> {
    const listening = await listenOnAddresses((host, wanted) => this.#listenAt(host, wanted), bind, port);
    return listening.port;
  }

  /** Answers no more scrapers. */
  close(): void {
    for (const listener of this.#listeners.splice(0)) {
      listener.close();
      listener.closeAllConnections();
    }
  }

  #listenAt(host: string, port: number): Promise<number> {
    const listener = this.#listener();
    return new Promise((resolve, reject) => {
      listener.once("error", reject);
      listener.listen({ host, port }, () => {
        this.#listeners.push(listener);
        resolve((listener.address() as AddressInfo).port);
      });
    });
  }

  #listener(): HttpServer {
    const listener = createServer(
      { requestTimeout: requestTimeoutMs, headersTimeout: requestTimeoutMs },
      (asked, reply) => {
        const isReading = asked.method === "GET" || asked.method === "HEAD";
        const isKnown = (asked.url ?? "").split("?", 1)[0] === "/metrics";
        const status = isKnown ? (isReading ? 200 : 405) : 404;
        const text = status === 200 ? this.#text() : status === 404 ? "The metrics are at /metrics.\n" : "Use GET.\n";
        reply.writeHead(status, {
          "content-type": status === 200 ? contentType : plain,
          "content-length": Buffer.byteLength(text),
          ...(status === 405 ? { allow: "GET, HEAD" } : {}),
        });
        reply.end(asked.method === "HEAD" ? "" : text);
        // A body that nobody wants.
        asked.resume();
      },
    );
    listener.maxConnections = maxConnections;
    // It must not keep a program alive that embeds the server.
    listener.unref();
    return listener;
  }

  #text(): string {
    this.#server.clock.update();
    return metricsText(linesOfAllSections(this.#server));
  }
}
