import { bitCount, bitPos } from "./bit-count.ts";
import { bitField, bitFieldReadOnly } from "./bit-field.ts";
import { bitOp } from "./bit-operation.ts";
import { getBit, setBit } from "./set-bit.ts";

export const bitmapCommands = [bitCount, bitField, bitFieldReadOnly, bitOp, bitPos, getBit, setBit];
