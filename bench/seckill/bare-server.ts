/**
 * The measure for rejections: a handler of Bun.serve that gives the same answer and does nothing else. With "mac" it also does
 * what a rejection by a signed token cannot do without: it reads the header, and computes an HMAC of the token.
 *
 *   bun bare-server.ts '{"status":410,"headers":{...},"body":"..."}' [mac]
 */
export interface BareAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const { status, headers, body } = JSON.parse(process.argv[2]!) as BareAnswer;
const keyed = new Bun.CryptoHasher("sha256", new Uint8Array(32));
const mac = Buffer.alloc(64);
let macs = 0;

const answer = (): Response => new Response(body, { status, headers });

function answerAfterMac({ headers: asked }: Request): Response {
  keyed.copy().update(asked.get("authorization")!).digest(mac);
  macs ^= mac[0]!;
  return answer();
}

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  development: false,
  routes: { "/check": process.argv[3] === "mac" ? answerAfterMac : answer },
});
console.log(`ready on ${server.port}`);
