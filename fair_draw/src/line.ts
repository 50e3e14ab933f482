import { join } from "./bytes.ts";
import { sha256 as defaultSha256, type Sha256 } from "./sha256.ts";
import { tags } from "./tags.ts";

/**
 * The head of the line after one more entry. Before the first entry, the head is the hash of the rules. A head stands for all entries up to
 * it and their order.
 */
export const nextHead = (head: Uint8Array, leaf: Uint8Array, sha256: Sha256 = defaultSha256): Uint8Array =>
  sha256(join(tags.line, head, leaf));
