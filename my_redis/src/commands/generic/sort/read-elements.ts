import type { Context } from "../../../dispatch/context.ts";
import type { Database } from "../../../keyspace/database.ts";
import type { Address } from "../../../memory/heap.ts";
import * as record from "../../../memory/record.ts";
import type { Arguments } from "../../../protocol/arguments.ts";
import { CommandError, errors } from "../../../protocol/command-error.ts";
import { ElementText } from "../../../values/packed-element.ts";
import { ListCursor } from "../../list/list-cursor.ts";
import { ListValue } from "../../../collections/list-value.ts";
import { SetValue } from "../../../collections/set-value.ts";
import { SortedSetValue } from "../../../collections/sorted-set-value.ts";
import { ByteStrings } from "./byte-strings.ts";

const { valueType } = record;

/** The list, set or sorted set that is sorted. */
export interface SortSource {
  readonly size: number;
  /** Whether the elements have an order of their own. */
  readonly ordered: boolean;
  /** Copies of the elements [from, to), counted in their own order, or from its end when `backwards`. */
  read(from: number, to: number, backwards: boolean): ByteStrings;
}

const nothing: SortSource = { size: 0, ordered: true, read: () => new ByteStrings() };

/** The collection that argument 1 names; an empty one when the key does not exist. Throws WRONGTYPE. */
export function findSource(context: Context, args: Arguments): SortSource {
  const { database, keyspace } = context;
  const address = database.read(args, 1);
  if (address === 0) return nothing;
  const type = record.typeOf(keyspace.heap, address);
  if (type === valueType.list) return listSource(database, address);
  if (type === valueType.set) return setSource(database, address);
  if (type === valueType.sortedSet) return sortedSetSource(database, address);
  throw new CommandError(errors.wrongType);
}

function listSource(database: Database, address: Address): SortSource {
  const list = new ListValue().attach(database, address);
  const { size } = list;
  return {
    size,
    ordered: true,
    read(from, to, backwards) {
      const found = new ByteStrings();
      const cursor = new ListCursor();
      const text = new ElementText();
      if (from >= to || !cursor.seek(list, backwards ? size - 1 - from : from)) return found;
      for (let left = to - from; left > 0; left--) {
        const { bytes, start, end } = text.read(list.segment.bytes, cursor.at);
        found.add(bytes, start, end);
        if (left > 1) cursor.step(!backwards);
      }
      return found;
    },
  };
}

function setSource(database: Database, address: Address): SortSource {
  const set = new SetValue().attach(database, address);
  return {
    size: set.size,
    ordered: false,
    read(from, to) {
      const found = new ByteStrings();
      let number = 0;
      set.forEach(({ bytes, start, end }) => {
        if (number >= from && number < to) found.add(bytes, start, end);
        number++;
      });
      return found;
    },
  };
}

function sortedSetSource(database: Database, address: Address): SortSource {
  const set = new SortedSetValue().attach(database, address);
  const { size } = set;
  return {
    size,
    ordered: true,
    read(from, to, backwards) {
      const found = new ByteStrings();
      const [first, end] = backwards ? [size - to, size - from] : [from, to];
      set.visit(first, end, backwards, (bytes, start, memberEnd) => found.add(bytes, start, memberEnd));
      return found;
    },
  };
}
