import type { TrackingMode } from "../../dispatch/client.ts";
import { ByteReader } from "../message/byte-reader.ts";
import { ByteWriter } from "../message/byte-writer.ts";

/** Says that a client is to be told of all changes of keys with its prefixes; without a mode, that it is not any more. */
export function writeMode(client: number, mode: TrackingMode | undefined): Uint8Array {
  const prefixes = mode?.prefixes ?? [];
  const writer = new ByteWriter()
    .uint32(client)
    .byte(mode?.noLoop === true ? 1 : 0)
    .uint32(prefixes.length);
  for (const prefix of prefixes) writer.block(Buffer.from(prefix, "latin1"));
  return writer.bytes;
}

/** A message of `writeMode`; without prefixes the client is not to be told any more. */
export function readMode(message: Uint8Array): { readonly client: number; readonly mode: TrackingMode } {
  const reader = new ByteReader(message);
  const client = reader.uint32();
  const noLoop = reader.byte() === 1;
  const prefixes = Array.from({ length: reader.count(4) }, () => Buffer.from(reader.block()).toString("latin1"));
  return { client, mode: { broadcast: true, optIn: false, optOut: false, noLoop, redirect: 0, prefixes } };
}
