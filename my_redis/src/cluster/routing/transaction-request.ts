import type { QueuedCommand } from "../../dispatch/client.ts";
import { Arguments } from "../../protocol/arguments.ts";
import { encodeRequest } from "../../protocol/encode-request.ts";

const multi = encodeRequest(["MULTI"]);
const exec = encodeRequest(["EXEC"]);
export const unwatchRequest = encodeRequest(["UNWATCH"]);

/** A whole transaction as one run of requests, with how many replies it gives: the last one is that of EXEC. */
export function transactionRequest(
  queued: readonly QueuedCommand[],
  scripts: readonly Uint8Array[],
): { readonly bytes: Uint8Array; readonly replies: number } {
  const loads = scripts.map((body) => requestBytes(Arguments.from(["SCRIPT", "LOAD", body])));
  const parts = [...loads, multi, ...queued.map(({ args }) => requestBytes(args)), exec];
  return { bytes: Buffer.concat(parts), replies: parts.length };
}

/** A request as RESP: the bytes that arrived, or for an inline command its RESP form. */
export function requestBytes(args: Arguments): Uint8Array {
  if (args.requestEnd > args.requestStart) return args.buffer.subarray(args.requestStart, args.requestEnd);
  const parts: Uint8Array[] = [Buffer.from(`*${args.count}\r\n`, "latin1")];
  for (let index = 0; index < args.count; index++) {
    parts.push(Buffer.from(`$${args.length(index)}\r\n`, "latin1"), args.view(index), lineEnd);
  }
  return Buffer.concat(parts);
}

const lineEnd = Buffer.from("\r\n", "latin1");
