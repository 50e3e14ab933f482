import type { Services } from "../../dispatch/context.ts";
import type { Address } from "../../memory/heap.ts";
import { sealPayload } from "./dump-payload.ts";
import { ValueEncoder } from "./encode-value.ts";
import { RdbWriter } from "./rdb-writer.ts";

/** A value serialized as RESTORE takes it, in a new array. */
export function dumpValue({ keyspace, settings }: Services, address: Address): Uint8Array {
  const writer = new RdbWriter({ compresses: settings.values.rdbcompression });
  const encoder = new ValueEncoder(keyspace, writer);
  writer.byte(encoder.typeOf(address));
  encoder.write(address);
  return sealPayload(writer);
}
