import type { Command } from "../../dispatch/command.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { hashSlot } from "../hash-slot.ts";

/** The request has no keys, or its keys cannot be found. */
export const noSlot = -1;
/** Its keys live in different slots. */
export const severalSlots = -2;

/** The hash slot of a request's keys. Keys at fixed places, by the command table, are read in place. */
export function requestSlot(command: Command, args: Arguments): number {
  if (command.findKeys !== undefined) return slotOfPositions(command.findKeys(args), args);
  const { keyRange } = command;
  if (keyRange === undefined) return noSlot;
  const { first, last, step } = keyRange;
  const end = Math.min(last < 0 ? args.count + last : last, args.count - 1);
  if (first > end) return noSlot;
  const { buffer } = args;
  const slot = hashSlot(buffer, args.start(first), args.end(first));
  for (let index = first + step; index <= end; index += step) {
    if (hashSlot(buffer, args.start(index), args.end(index)) !== slot) return severalSlots;
  }
  return slot;
}

function slotOfPositions(positions: readonly number[], args: Arguments): number {
  let slot = noSlot;
  for (const index of positions) {
    const found = hashSlot(args.buffer, args.start(index), args.end(index));
    if (slot !== noSlot && slot !== found) return severalSlots;
    slot = found;
  }
  return slot;
}
