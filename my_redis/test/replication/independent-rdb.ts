/**
 * An encoder of the RDB format that shares no code with MyRedis, for files as Redis 7.2 and 7.4 write them. It knows only the
 * forms that the tests need. Each part is an array of bytes.
 */
export type Bytes = readonly number[];

export const textBytes = (text: string): Bytes => [...Buffer.from(text, "latin1")];

export const littleEndian = (value: number | bigint, size: number): Bytes =>
  Array.from({ length: size }, (_, byte) => Number((BigInt(value) >> BigInt(8 * byte)) & 0xffn));

const bigEndian = (value: number | bigint, size: number): Bytes => littleEndian(value, size).toReversed();

/** A length in the shortest of its forms. */
export function count(value: number | bigint): Bytes {
  if (value < 64) return [Number(value)];
  if (value < 16_384) return [0x40 | (Number(value) >> 8), Number(value) & 0xff];
  if (value < 2 ** 32) return [0x80, ...bigEndian(value, 4)];
  return [0x81, ...bigEndian(value, 8)];
}

export const string = (text: string | Bytes): Bytes => {
  const bytes = typeof text === "string" ? textBytes(text) : text;
  return [...count(bytes.length), ...bytes];
};

/** A string that is a small integer, in one, two or four bytes. */
export const integerString = (value: number, size: 1 | 2 | 4): Bytes => [
  0xc0 | (size === 1 ? 0 : size === 2 ? 1 : 2),
  ...littleEndian(value, size),
];

export const milliseconds = (value: number): Bytes => littleEndian(value, 8);

/** The id of a stream's entry, as it stands in the names of nodes and in lists of pending entries. */
export const streamId = (time: number, sequence: number): Bytes => [...bigEndian(time, 8), ...bigEndian(sequence, 8)];

/** Packed elements: integers in the shortest of six forms, texts in one of three. */
export function listpack(...elements: readonly (string | number)[]): Bytes {
  const body = elements.flatMap((element) => {
    const entry = typeof element === "number" ? packedInteger(element) : packedText(element);
    return [...entry, ...backLength(entry.length)];
  });
  return [...littleEndian(body.length + 7, 4), ...littleEndian(elements.length, 2), ...body, 0xff];
}

function packedInteger(value: number): Bytes {
  if (value >= 0 && value < 128) return [value];
  if (value >= -4096 && value < 4096) return [0xc0 | ((value >> 8) & 0x1f), value & 0xff];
  if (value >= -(2 ** 15) && value < 2 ** 15) return [0xf1, ...littleEndian(value, 2)];
  if (value >= -(2 ** 23) && value < 2 ** 23) return [0xf2, ...littleEndian(value, 3)];
  if (value >= -(2 ** 31) && value < 2 ** 31) return [0xf3, ...littleEndian(value, 4)];
  return [0xf4, ...littleEndian(value, 8)];
}

function packedText(text: string): Bytes {
  const bytes = textBytes(text);
  if (bytes.length < 64) return [0x80 | bytes.length, ...bytes];
  if (bytes.length < 4096) return [0xe0 | (bytes.length >> 8), bytes.length & 0xff, ...bytes];
  return [0xf0, ...littleEndian(bytes.length, 4), ...bytes];
}

/** The size of the element before, seven bits a byte, highest first; every byte but the first has its high bit set. */
function backLength(size: number): Bytes {
  const groups: number[] = [size & 127];
  for (let rest = size >> 7; rest > 0; rest >>= 7) groups.unshift(rest & 127);
  return groups.map((group, at) => (at === 0 ? group : group | 128));
}

const polynomial = 0x95ac9329ac4bc9b5n;

/** CRC-64 as Redis computes it, bit by bit. */
export function checksum(bytes: Bytes): Bytes {
  let crc = 0n;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1n) === 1n ? (crc >> 1n) ^ polynomial : crc >> 1n;
  }
  return littleEndian(crc, 8);
}

/** A whole file. */
export function rdbFile(version: number, ...parts: readonly Bytes[]): Uint8Array {
  const bytes = [...textBytes(`REDIS${String(version).padStart(4, "0")}`), ...parts.flat(), 255];
  return Uint8Array.from([...bytes, ...checksum(bytes)]);
}

/** A value as DUMP gives it, for RESTORE. */
export function dumped(version: number, type: number, value: Bytes): Uint8Array {
  const bytes = [type, ...value, ...littleEndian(version, 2)];
  return Uint8Array.from([...bytes, ...checksum(bytes)]);
}

export const fact = (name: string, value: string | Bytes): Bytes => [
  250,
  ...string(name),
  ...(typeof value === "string" ? string(value) : value),
];

export const key = (type: number, name: string, value: Bytes): Bytes => [type, ...string(name), ...value];
