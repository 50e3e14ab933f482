import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";

export const hashBytes = 32;

/** All parts, one after the other. A number is one byte. */
export function join(...parts: readonly (number | Uint8Array)[]): Uint8Array {
  const length = parts.reduce<number>((sum, part) => sum + (typeof part === "number" ? 1 : part.length), 0);
  const joined = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    if (typeof part === "number") joined[at++] = part;
    else {
      joined.set(part, at);
      at += part.length;
    }
  }
  return joined;
}

export function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

/** @param value an integer from 0 to 2^53 - 1 */
export function u64(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, Math.floor(value / 2 ** 32));
  view.setUint32(4, value % 2 ** 32);
  return bytes;
}

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Lower-case hexadecimal digits. */
export const hex = (bytes: Uint8Array): string => bytesToHex(bytes);

/** @param text valid hexadecimal digits */
export const fromHex = (text: string): Uint8Array => hexToBytes(text);

export const areEqual = (left: Uint8Array, right: Uint8Array): boolean =>
  left.length === right.length && left.every((byte, index) => byte === right[index]);
