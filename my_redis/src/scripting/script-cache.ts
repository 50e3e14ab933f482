import { createHash } from "node:crypto";
import type { Shebang } from "./shebang.ts";

/** A script from EVAL or SCRIPT LOAD. */
export interface Script {
  /** 40 lower-case hexadecimal digits. */
  readonly sha1: string;
  readonly body: Uint8Array;
  readonly shebang: Shebang;
  /** The VM that holds the compiled function, and the function's reference there. */
  compiled: { readonly vm: object; readonly reference: number } | undefined;
  /** The next script whose digest begins with the same 32 bits. */
  next: Script | undefined;
}

export const sha1Of = (body: Uint8Array): string => createHash("sha1").update(body).digest("hex");

const digits = 40;

/** Scripts by their SHA1, looked up directly from the digits in a request. */
export class ScriptCache {
  readonly #byPrefix = new Map<number, Script>();
  #count = 0;
  #bodyBytes = 0;

  get count(): number {
    return this.#count;
  }

  /** Total size of the scripts' texts. */
  get bodyBytes(): number {
    return this.#bodyBytes;
  }

  /** The script whose digest stands at bytes[start, end), in any case. */
  find(bytes: Uint8Array, start: number, end: number): Script | undefined {
    if (end - start !== digits) return undefined;
    let script = this.#byPrefix.get(prefixOf(bytes, start));
    while (script !== undefined && !digestEquals(script.sha1, bytes, start)) script = script.next;
    return script;
  }

  add(script: Script): void {
    const prefix = prefixOf(Buffer.from(script.sha1, "latin1"), 0);
    script.next = this.#byPrefix.get(prefix);
    this.#byPrefix.set(prefix, script);
    this.#count++;
    this.#bodyBytes += script.body.length;
  }

  clear(): void {
    this.#byPrefix.clear();
    this.#count = 0;
    this.#bodyBytes = 0;
  }
}

/** The first eight digits as a number. Invalid digits give some number, and fail the later comparison. */
function prefixOf(bytes: Uint8Array, start: number): number {
  let prefix = 0;
  for (let at = start; at < start + 8; at++) {
    const byte = (bytes[at] as number) | 0x20;
    prefix = (prefix << 4) | (byte >= 97 ? byte - 87 : byte - 48);
  }
  return prefix;
}

function digestEquals(sha1: string, bytes: Uint8Array, start: number): boolean {
  for (let at = 0; at < digits; at++) {
    const byte = bytes[start + at] as number;
    const lower = byte >= 65 && byte <= 70 ? byte + 32 : byte;
    if (lower !== sha1.charCodeAt(at)) return false;
  }
  return true;
}
