import type { Arguments } from "../../protocol/arguments.ts";
import type { ClusterView } from "../cluster-view.ts";
import { routeErrors } from "../routing/route-errors.ts";

/** The argument numbers of the keys by the node that owns them, in the order of the request. */
export function byOwner(view: ClusterView, args: Arguments, keys: Iterable<number>): Map<number, number[]> {
  const owners = new Map<number, number[]>();
  for (const index of keys) {
    const owner = ownerOf(view, args, index);
    const own = owners.get(owner);
    if (own === undefined) owners.set(owner, [index]);
    else own.push(index);
  }
  return owners;
}

function ownerOf(view: ClusterView, args: Arguments, index: number): number {
  return view.ownerOfSlot(view.slotOfKey(args.buffer, args.start(index), args.end(index)));
}

/** Why these keys cannot be served at present: an error reply. */
export function refusalOf(view: ClusterView, args: Arguments, keys: Iterable<number>): string | undefined {
  for (const index of keys) {
    const slot = view.slotOfKey(args.buffer, args.start(index), args.end(index));
    if (view.isDisputed(slot)) return routeErrors.disputed(slot);
    const owner = view.ownerOfSlot(slot);
    if (!view.isReachable(owner)) return routeErrors.gone(slot, view.names[owner] as string);
  }
  return undefined;
}

/** Why this node does not serve a key for another node, whose view of the ring may differ; undefined when it does. */
export function foreignKeyRefusal(view: ClusterView, key: Uint8Array, start = 0, end = key.length): string | undefined {
  const slot = view.slotOfKey(key, start, end);
  if (view.isDisputed(slot)) return routeErrors.disputed(slot);
  return view.ownerOfSlot(slot) === view.self ? undefined : routeErrors.notOwner(slot);
}
