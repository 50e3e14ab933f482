/** Of the clock of the server, Unix milliseconds: a body that comes from a cache is older. */
const timeHeader = "x-server-time-ms";

/**
 * JSON that pages ask for again and again, the same for everybody. A page that has it already is told so, without a body. Caches keep
 * it, but ask each time whether it is still so.
 */
export class PolledAnswer {
  /** The object's members without its braces. */
  readonly #members: string;
  readonly #tag: string;

  /** `value`: what changes only with the catalogue. */
  constructor(value: object) {
    this.#members = JSON.stringify(value).slice(1, -1);
    // Weak: the time in the body is another one each time.
    this.#tag = `W/"${Bun.hash(this.#members).toString(36)}"`;
  }

  /** `now`: Unix milliseconds, with or without a fraction. */
  respond(request: Request, now: number): Response {
    const nowMs = Math.floor(now);
    const headers = { etag: this.#tag, "cache-control": "no-cache", [timeHeader]: String(nowMs) };
    if (request.headers.get("if-none-match") === this.#tag) return new Response(null, { status: 304, headers });
    const body = `{"serverTimeMs":${nowMs},${this.#members}}`;
    return new Response(body, { headers: { ...headers, "content-type": "application/json" } });
  }
}
