import { createHash } from "node:crypto";
import { type KeptDocuments, MalformedDraw, type Report, verifyDraw } from "../index.ts";
import { chunksOf, type Disclosed, textOf } from "./room.ts";

/** Node's, because the tests check thousands of files. */
const sha256 = (bytes: Uint8Array): Uint8Array => createHash("sha256").update(bytes).digest();

export const reportOf = (text: string | Uint8Array, kept: KeptDocuments = {}): Promise<Report> =>
  verifyDraw(chunksOf(text), { kept, sha256 });

/** What `verify-draw` finds: "ok", the names of the checks that failed, or that the file cannot be read. */
export async function findingsOf(text: string | Uint8Array, kept: KeptDocuments = {}): Promise<string> {
  try {
    const { checks, verdict } = await reportOf(text, kept);
    const failed = checks.filter(({ outcome }) => outcome === "failed").map(({ name }) => name);
    if (failed.length > 0 !== (verdict === "failed")) throw new Error(`${verdict}, but ${failed.length} failed`);
    return failed.length > 0 ? failed.join(", ") : "ok";
  } catch (error) {
    if (error instanceof MalformedDraw) return `cannot be read: ${error.message}`;
    throw error;
  }
}

export const findingsOfDraw = async (held: Disclosed, kept?: KeptDocuments): Promise<string> =>
  findingsOf(await textOf(held), kept);
