import type { Arguments } from "../../protocol/arguments.ts";
import type { ClusterView } from "../cluster-view.ts";

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

export function ownerOf(view: ClusterView, args: Arguments, index: number): number {
  return view.ownerOfSlot(view.slotOfKey(args.buffer, args.start(index), args.end(index)));
}

/** Why these keys cannot be served at present: an error reply. */
export function refusalOf(view: ClusterView, args: Arguments, keys: Iterable<number>): string | undefined {
  for (const index of keys) {
    const slot = view.slotOfKey(args.buffer, args.start(index), args.end(index));
    if (view.isDisputed(slot)) return `CLUSTERDOWN Hash slot ${slot} is in dispute: nodes differ on who owns it`;
    const owner = view.ownerOfSlot(slot);
    if (!view.isReachable(owner))
      return `CLUSTERDOWN ${view.names[owner]}, which owns hash slot ${slot}, does not answer`;
  }
  return undefined;
}
