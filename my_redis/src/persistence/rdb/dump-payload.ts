import { type ByteRange } from "../../memory/byte-range.ts";
import { Crc64 } from "./crc64.ts";
import { newestVersion, versionOfType } from "./rdb-types.ts";
import type { RdbWriter } from "./rdb-writer.ts";

const versionBytes = 2;
const checksumBytes = 8;
const checksum = new Uint8Array(checksumBytes);

/**
 * Completes the result of DUMP, a type and its value, with the version of the format and the checksum of everything
 * before it.
 */
export function sealPayload(writer: RdbWriter): Uint8Array {
  writer.littleEndian(versionOfType(writer.bytes[0] as number), versionBytes);
  new Crc64().update(writer.bytes, 0, writer.length).write(checksum, 0);
  writer.raw(checksum);
  return writer.written;
}

/**
 * The type and value in a result of DUMP; undefined when this server cannot read its version, or when the checksum is
 * wrong. With `skipsChecksum`, which only tests use, a broken value may go on into version and checksum, as in Redis.
 */
export function openPayload({ bytes, start, end }: ByteRange, skipsChecksum: boolean): ByteRange | undefined {
  const valueEnd = end - versionBytes - checksumBytes;
  if (valueEnd < start) return undefined;
  const version = (bytes[valueEnd] as number) | ((bytes[valueEnd + 1] as number) << 8);
  if (version > newestVersion) return undefined;
  if (skipsChecksum) return { bytes, start, end };
  const checksumStart = valueEnd + versionBytes;
  new Crc64().update(bytes, start, checksumStart).write(checksum, 0);
  for (let byte = 0; byte < checksumBytes; byte++) {
    if (bytes[checksumStart + byte] !== checksum[byte]) return undefined;
  }
  return { bytes, start, end: valueEnd };
}
