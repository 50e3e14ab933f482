import type { Socket } from "bun";
import { SeededRandom } from "../../tools/seeded-random.ts";
import type { PagesLoad, PagesLoadResult } from "./pages-results.ts";

/** As in web/polling.ts and web/read-sales.ts, on average. */
const pollEveryMs = 2_000;
const pollsForEachList = 30;
const openedAtATime = 100;
const headEnd = Buffer.from("\r\n\r\n");

interface Lane {
  socket: Socket<Lane>;
  rest: Buffer;
  /** Of the request that is on its way. */
  dueMs: number;
  isBusy: boolean;
  /** Moments at which pages wanted to ask while the connection was busy. */
  readonly waiting: number[];
  tag: string;
  polls: number;
}

/** Open pages that poll as web/polling.ts does: each at moments of its own choice, with the ETag of what it has. */
export class PageLoad {
  readonly #options: PagesLoad;
  readonly #random = new SeededRandom(1);
  readonly #latencies: number[] = [];
  readonly #statuses: Record<number, number> = {};
  #bytes = 0;
  #endMs = 0;
  #failure: Error | undefined;

  constructor(options: PagesLoad) {
    this.#options = options;
  }

  async go(): Promise<PagesLoadResult> {
    const lanes: Lane[] = [];
    while (lanes.length < this.#options.connections) {
      const more = Math.min(openedAtATime, this.#options.connections - lanes.length);
      lanes.push(...(await Promise.all(Array.from({ length: more }, () => this.#open()))));
    }
    const startMs = performance.now();
    this.#endMs = startMs + this.#options.seconds * 1000;
    // Pages were opened at any time before.
    const pages = Array.from({ length: this.#options.pages }, (_, index) => ({
      lane: lanes[index % lanes.length]!,
      dueMs: startMs + this.#random.below(pollEveryMs),
    }));
    for (let tick = startMs; tick < this.#endMs && this.#failure === undefined; tick = performance.now()) {
      for (const page of pages) {
        if (page.dueMs > tick) continue;
        this.#want(page.lane, page.dueMs);
        page.dueMs += pollEveryMs * (0.5 + this.#random.below(1_000) / 1_000);
      }
      await Bun.sleep(5);
    }
    for (const { socket } of lanes) socket.terminate();
    if (this.#failure !== undefined) throw this.#failure;
    return this.#result((performance.now() - startMs) / 1000);
  }

  async #open(): Promise<Lane> {
    const lane: Lane = {
      ...{ socket: undefined as unknown as Socket<Lane>, rest: Buffer.alloc(0), dueMs: 0, isBusy: false },
      ...{ waiting: [], tag: "", polls: this.#random.below(pollsForEachList) },
    };
    lane.socket = await Bun.connect<Lane>({
      ...{ hostname: "127.0.0.1", port: this.#options.port, data: lane },
      socket: {
        data: (socket, chunk) => this.#data(socket.data, chunk),
        close: () => {
          if (performance.now() < this.#endMs) this.#failure ??= new Error("the server closed a connection");
        },
      },
    });
    lane.socket.setNoDelay(true);
    return lane;
  }

  #want(lane: Lane, dueMs: number): void {
    if (lane.isBusy) lane.waiting.push(dueMs);
    else this.#ask(lane, dueMs);
  }

  #ask(lane: Lane, dueMs: number): void {
    const { saleId, isRush } = this.#options;
    const isList = ++lane.polls % pollsForEachList === 0;
    const path = isList ? "/api/sales" : `/api/sales/${saleId}/live`;
    const condition = isList || isRush || lane.tag === "" ? "" : `If-None-Match: ${lane.tag}\r\n`;
    Object.assign(lane, { dueMs, isBusy: true });
    lane.socket.write(`GET ${path} HTTP/1.1\r\n${browserHead}${condition}\r\n`);
  }

  #data(lane: Lane, chunk: Buffer): void {
    this.#bytes += chunk.length;
    const bytes = lane.rest.length === 0 ? chunk : Buffer.concat([lane.rest, chunk]);
    const headLength = bytes.indexOf(headEnd);
    const head = headLength < 0 ? "" : bytes.toString("latin1", 0, headLength);
    const bodyLength = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
    // The chunk is the socket's: what is left of it has to be copied.
    if (headLength < 0 || bytes.length < headLength + headEnd.length + bodyLength) {
      lane.rest = Buffer.from(bytes);
      return;
    }
    lane.rest = Buffer.alloc(0);
    const status = Number(head.slice(9, 12));
    this.#statuses[status] = (this.#statuses[status] ?? 0) + 1;
    this.#latencies.push(performance.now() - lane.dueMs);
    // The list has another tag, and is asked for so seldom that its own is of no use.
    if (lane.polls % pollsForEachList !== 0) lane.tag = /etag: (\S+)/i.exec(head)?.[1] ?? "";
    lane.isBusy = false;
    const next = lane.waiting.shift();
    if (next !== undefined) this.#ask(lane, next);
  }

  #result(seconds: number): PagesLoadResult {
    const sorted = Float64Array.from(this.#latencies).sort();
    const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
    return {
      perSecond: sorted.length / seconds,
      statuses: this.#statuses,
      bytesPerSecond: this.#bytes / seconds,
      latencyMs: { p50: at(0.5), p99: at(0.99), p999: at(0.999) },
    };
  }
}

/** What Chromium sends with each request of the page, and a session of the usual length. */
const browserHead = [
  "Host: localhost:8080",
  "Connection: keep-alive",
  'sec-ch-ua: "Chromium";v="130", "Not?A_Brand";v="99"',
  "sec-ch-ua-mobile: ?1",
  "User-Agent: Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36",
  "accept: application/json",
  "Sec-Fetch-Site: same-origin",
  "Sec-Fetch-Mode: cors",
  "Sec-Fetch-Dest: empty",
  "Referer: http://localhost:8080/",
  "Accept-Encoding: gzip, deflate, br, zstd",
  "Accept-Language: en-US,en;q=0.9",
  `Cookie: seckill_session=v1.k1.${"a".repeat(90)}.${"b".repeat(43)}`,
  "",
].join("\r\n");
