export interface JsonAnswer {
  readonly status: number;
  readonly headers: Headers;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers of every form
  readonly body: any;
}

/** A client that keeps cookies, like a browser. */
export class TestBuyer {
  readonly #url: () => string;
  readonly #cookies = new Map<string, string>();

  /** A function may give another URL for each request. */
  constructor(url: string | (() => string)) {
    this.#url = typeof url === "string" ? () => url : url;
  }

  async send(method: string, path: string, options: RequestOptions = {}): Promise<JsonAnswer> {
    const headers = new Headers(options.headers);
    if (options.json !== undefined && !headers.has("content-type")) headers.set("content-type", "application/json");
    if (options.bearer !== undefined) headers.set("authorization", `Bearer ${options.bearer}`);
    if (this.#cookies.size > 0) headers.set("cookie", [...this.#cookies].map((pair) => pair.join("=")).join("; "));
    const body = options.json === undefined ? (options.body ?? null) : JSON.stringify(options.json);
    const response = await fetch(this.#url() + path, { method, headers, body });
    for (const cookie of response.headers.getSetCookie()) this.#keep(cookie);
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.startsWith("application/json") === true;
    return {
      status: response.status,
      headers: response.headers,
      body: isJson && text !== "" ? JSON.parse(text) : text,
    };
  }

  /** The data of server-sent events, one after the other; undefined at the end. */
  async events(path: string): Promise<EventReader> {
    const cookie = [...this.#cookies].map((pair) => pair.join("=")).join("; ");
    const left = new AbortController();
    const response = await fetch(this.#url() + path, { headers: { cookie }, signal: left.signal });
    if (response.status !== 200 || response.body === null) throw new Error(`no events: ${await response.text()}`);
    const data = dataOf(response.body);
    return {
      next: async () => (await data.next()).value,
      [Symbol.asyncDispose]: async () => left.abort(),
    };
  }

  #keep(setCookie: string): void {
    const [pair = ""] = setCookie.split(";");
    const [name = "", value = ""] = pair.split(/=(.*)/s);
    if (value === "") this.#cookies.delete(name);
    else this.#cookies.set(name, value);
  }

  forgetCookie(name: string): void {
    this.#cookies.delete(name);
  }

  async register(name: string, password = "correct horse battery"): Promise<JsonAnswer> {
    return this.send("POST", "/api/users", { json: { name, password } });
  }

  async token(productID: string): Promise<string> {
    const answer = await this.send("POST", "/api/token", { json: { productID } });
    if (answer.status !== 200) throw new Error(`no token: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body.token as string;
  }

  /** A token for one unit of each product, or for the given number of units. */
  async bundleToken(...products: readonly (string | { productID: string; quantity: number })[]): Promise<string> {
    const wanted = products.map((product) => (typeof product === "string" ? { productID: product } : product));
    const answer = await this.send("POST", "/api/token", { json: { products: wanted } });
    if (answer.status !== 200) throw new Error(`no token: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body.token as string;
  }

  checkBundle(bearer: string): Promise<JsonAnswer> {
    return this.send("POST", "/check", { bearer });
  }

  check(productID: string, bearer?: string): Promise<JsonAnswer> {
    return this.send("POST", `/check?productID=${productID}`, bearer === undefined ? {} : { bearer });
  }
}

export interface EventReader extends AsyncDisposable {
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into events of every form
  next(): Promise<any>;
}

async function* dataOf(body: ReadableStream<Uint8Array>): AsyncGenerator<unknown, undefined> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop()!;
    for (const line of lines) if (line.startsWith("data: ")) yield JSON.parse(line.slice(6));
  }
}

interface RequestOptions {
  readonly json?: unknown;
  readonly body?: string | ReadableStream;
  readonly bearer?: string;
  readonly headers?: Record<string, string>;
}

/** Registers a buyer and gets a token. */
export async function buyerWithToken(url: string, name: string, productID: string): Promise<[TestBuyer, string]> {
  const buyer = new TestBuyer(url);
  await buyer.register(name);
  return [buyer, await buyer.token(productID)];
}
