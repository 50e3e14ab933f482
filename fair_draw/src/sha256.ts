import { sha256 as nobleSha256 } from "@noble/hashes/sha2.js";

/** SHA-256 of some bytes: 32 new bytes. A server can give a faster one than the one of JavaScript, which runs everywhere. */
export type Sha256 = (bytes: Uint8Array) => Uint8Array;

export const sha256: Sha256 = (bytes) => nobleSha256(bytes);
