import { hasAlready, takesGzip } from "./negotiation.ts";

/** Of the clock of the server, Unix milliseconds: a body that comes from a cache is older. */
const timeHeader = "x-server-time-ms";
/** Compressing less does not pay: the headers alone are about as long. */
const leastCompressedBytes = 512;

/** Caches may use the answer for a second, and for two more while they ask for the next one. */
export const forASecond = "public, max-age=1, stale-while-revalidate=2";
/** For what never changes under its address. */
export const forEver = "public, max-age=31536000, immutable";

export interface SharedContent {
  readonly body: string;
  readonly contentType: string;
  /** Of which the ETag is made; the body, where everything in it counts. */
  readonly identity?: string;
  readonly cacheControl: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * An answer that is the same for everybody. It is compressed once, and a client that has it already is told so without a body.
 */
export class SharedAnswer {
  readonly #body: string;
  /** Undefined until the first client takes it. */
  #compressed: Uint8Array<ArrayBuffer> | undefined;
  readonly #tag: string;
  /** Of every answer, 304 as well. */
  readonly #headers: Readonly<Record<string, string>>;
  readonly #contentHeaders: Readonly<Record<string, string>>;

  constructor({ body, contentType, identity = body, cacheControl, headers = {} }: SharedContent) {
    this.#body = body;
    this.#tag = versionOf(identity);
    const { vary, ...others } = headers;
    this.#headers = {
      // Weak: compressed or not, the tag is the same one.
      etag: `W/"${this.#tag}"`,
      "cache-control": cacheControl,
      vary: vary === undefined ? "accept-encoding" : `accept-encoding, ${vary}`,
      ...others,
    };
    this.#contentHeaders = { "content-type": contentType };
  }

  /** `nowMs`: the server's time, for clients that follow it. `cacheControl` replaces that of the answer. */
  respond(request: Request, { nowMs, cacheControl }: { nowMs?: number; cacheControl?: string } = {}): Response {
    const headers: Record<string, string> = { ...this.#headers };
    if (nowMs !== undefined) headers[timeHeader] = String(Math.floor(nowMs));
    if (cacheControl !== undefined) headers["cache-control"] = cacheControl;
    if (hasAlready(request.headers, this.#tag)) return new Response(null, { status: 304, headers });
    Object.assign(headers, this.#contentHeaders);
    if (this.#body.length < leastCompressedBytes || !takesGzip(request.headers)) {
      return new Response(this.#body, { headers });
    }
    headers["content-encoding"] = "gzip";
    return new Response((this.#compressed ??= Bun.gzipSync(this.#body)), { headers });
  }
}

/** A name for a text: the same text has the same one in every gateway. */
export function versionOf(text: string): string {
  return Bun.hash(text).toString(36);
}
