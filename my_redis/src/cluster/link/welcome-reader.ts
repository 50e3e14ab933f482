import { linkReply, type LinkWelcome, readWelcome } from "./link-greeting.ts";

/** `rest`: bytes that came behind the welcome; they belong to frames. */
export type WelcomeOutcome =
  | { readonly name: "incomplete" }
  | { readonly name: "refused"; readonly reason: string }
  | { readonly name: "welcome"; readonly welcome: LinkWelcome; readonly rest: Uint8Array };

const maxBytes = 512 * 1024;
const incomplete = { name: "incomplete" } as const;

/** Reads what answers a greeting: lines of RESP, first the reply of AUTH, then the welcome or an error. */
export class WelcomeReader {
  /** One character per byte. */
  #text = "";

  feed(chunk: Uint8Array): WelcomeOutcome {
    this.#text += Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).toString("latin1");
    if (this.#text.length > maxBytes) return refused("its welcome is too long");
    for (;;) {
      const end = this.#text.indexOf("\r\n");
      if (end < 0) return incomplete;
      const line = this.#text.slice(0, end);
      this.#text = this.#text.slice(end + 2);
      if (line === "+OK") continue;
      if (!line.startsWith(`+${linkReply}`)) return refused(line.slice(1));
      const welcome = readWelcome(Buffer.from(line.slice(1 + linkReply.length), "latin1").toString("utf8"));
      if (welcome === undefined) return refused("its welcome cannot be understood");
      return { name: "welcome", welcome, rest: Buffer.from(this.#text, "latin1") };
    }
  }
}

const refused = (reason: string): WelcomeOutcome => ({ name: "refused", reason });
