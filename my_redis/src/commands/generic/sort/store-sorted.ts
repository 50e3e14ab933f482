import type { Context } from "../../../dispatch/context.ts";
import type { Arguments } from "../../../protocol/arguments.ts";
import { PackedElement } from "../../../values/packed-element.ts";
import { createList } from "../../../collections/list-value.ts";
import { ByteStrings } from "./byte-strings.ts";
import type { SortOptions } from "./sort-options.ts";
import type { Sorted } from "./sort-order.ts";

const element = new PackedElement();

/** Stores the sorted elements, or the values that GET found for them, as a list. Returns its length. */
export function storeSorted(context: Context, args: Arguments, sorted: Sorted, options: SortOptions): number {
  const { database } = context;
  const { storeIndex } = options;
  // GET may read the destination key, so all values are looked up before it is replaced.
  const values = valuesToStore(context, sorted, options.get);
  if (values.count > 0) {
    const existed = database.delete(args, storeIndex);
    const list = database.replacing(existed, () => createList(context.database, args, storeIndex, 0));
    for (let number = 0; number < values.count; number++) {
      element.setBytes(values.bytes, values.start(number), values.end(number));
      list.growBy(element.size, 1);
      list.push("tail", element);
    }
    database.changed(args, storeIndex, "sortstore", values.count);
  } else if (database.deleteEvenExpired(args, storeIndex)) {
    database.changed(args, storeIndex, "del");
  }
  return values.count;
}

function valuesToStore(context: Context, { elements, numbers }: Sorted, get: SortOptions["get"]): ByteStrings {
  const values = new ByteStrings();
  for (const number of numbers) {
    const [start, end] = [elements.start(number), elements.end(number)];
    if (get.length === 0) values.add(elements.bytes, start, end);
    for (const pattern of get) {
      const found = pattern.lookUp(context, elements.bytes, start, end);
      if (found === undefined) values.add(elements.bytes, start, start);
      else values.add(found.bytes, found.start, found.end);
    }
  }
  return values;
}
