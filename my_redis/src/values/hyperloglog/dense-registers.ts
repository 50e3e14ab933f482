/**
 * The dense form of the registers: 6 bits each, from the lowest bit of each byte up, so that four registers take three
 * bytes. `at` is where the form begins in `bytes`.
 */
export const registerCount = 16384;
export const denseRegisterBytes = (registerCount * 6) / 8;

/** Raises a register to a value; false when the register has at least that value. */
export function raiseDense(bytes: Uint8Array, at: number, index: number, value: number): boolean {
  const bit = index * 6;
  const place = at + (bit >>> 3);
  const shift = bit & 7;
  // A register that begins in the last bits of a byte goes on in the next. The last register ends with its byte.
  const both = (bytes[place] as number) | (shift > 2 ? (bytes[place + 1] as number) << 8 : 0);
  if (((both >>> shift) & 63) >= value) return false;
  const changed = (both & ~(63 << shift)) | (value << shift);
  bytes[place] = changed;
  if (shift > 2) bytes[place + 1] = changed >>> 8;
  return true;
}

/** Raises each of `registers` to its value in the dense form, if that is higher. */
export function mergeDense(bytes: Uint8Array, at: number, registers: Uint8Array): void {
  for (let index = 0, place = at; index < registerCount; index += 4, place += 3) {
    const three = (bytes[place] as number) | ((bytes[place + 1] as number) << 8) | ((bytes[place + 2] as number) << 16);
    if ((three & 63) > (registers[index] as number)) registers[index] = three & 63;
    if (((three >>> 6) & 63) > (registers[index + 1] as number)) registers[index + 1] = (three >>> 6) & 63;
    if (((three >>> 12) & 63) > (registers[index + 2] as number)) registers[index + 2] = (three >>> 12) & 63;
    if (three >>> 18 > (registers[index + 3] as number)) registers[index + 3] = three >>> 18;
  }
}

/** Writes the registers in the dense form. */
export function writeDense(registers: Uint8Array, bytes: Uint8Array, at: number): void {
  for (let index = 0, place = at; index < registerCount; index += 4, place += 3) {
    const three =
      (registers[index] as number) |
      ((registers[index + 1] as number) << 6) |
      ((registers[index + 2] as number) << 12) |
      ((registers[index + 3] as number) << 18);
    bytes[place] = three;
    bytes[place + 1] = three >>> 8;
    bytes[place + 2] = three >>> 16;
  }
}

/** Adds to `histogram[value]` the number of registers with that value. */
export function countDense(bytes: Uint8Array, at: number, histogram: Int32Array): void {
  const end = at + denseRegisterBytes;
  for (let place = at; place < end; place += 3) {
    const three = (bytes[place] as number) | ((bytes[place + 1] as number) << 8) | ((bytes[place + 2] as number) << 16);
    const [one, two, three_, four] = [three & 63, (three >>> 6) & 63, (three >>> 12) & 63, three >>> 18];
    histogram[one] = (histogram[one] as number) + 1;
    histogram[two] = (histogram[two] as number) + 1;
    histogram[three_] = (histogram[three_] as number) + 1;
    histogram[four] = (histogram[four] as number) + 1;
  }
}
