import type { Arguments } from "../../protocol/arguments.ts";
import type { Command } from "../command.ts";
import { positionsOf } from "../key-positions.ts";
import type { KeyAccess, KeySpecification } from "../key-specification.ts";

const read: KeyAccess = "RO access";
const change: KeyAccess = "RW access update";

/** How a command treats the keys of a specification, as words. */
export const accessWords = (command: Command, { access }: KeySpecification): string[] =>
  (access ?? defaultAccess(command)).split(" ");

/** How a command treats its keys, as words, for each of the given positions. */
export function keyAccesses(command: Command, args: Arguments, positions: readonly number[]): string[][] {
  const { keyAccess, keySpecifications } = command;
  if (keyAccess !== undefined) return positions.map((position) => keyAccess(args, position).split(" "));
  const found = new Map<number, string[]>();
  for (const specification of keySpecifications) {
    for (const position of positionsOf(specification, args)) found.set(position, accessWords(command, specification));
  }
  return positions.map((position) => found.get(position) ?? defaultAccess(command).split(" "));
}

const defaultAccess = (command: Command): KeyAccess => (command.isWrite ? change : read);
