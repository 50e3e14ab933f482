import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError, errors } from "../../protocol/command-error.ts";
import { type Members, nodeId } from "../members.ts";
import { nodeAddress } from "../node-address.ts";
import type { OperatorRequest } from "./ring-request-codec.ts";

/** The places of the ring, and the nodes of each. */
export type KnownPlaces = Pick<Members, "seats" | "primaries" | "primaryOf" | "names">;

type Change = (OperatorRequest & { type: "change" })["request"];

/** CLUSTER RING: what an operator asks for. Throws the error reply. */
export function readRingRequest(args: Arguments, places: KnownPlaces): OperatorRequest {
  const words = Array.from({ length: args.count - 3 }, (_, index) => args.text(index + 3));
  const word = args.text(2).toLowerCase();
  if (word === "status" && words.length === 0) return { type: "status" };
  const isDryRun = words.at(-1)?.toLowerCase() === "dryrun";
  return { type: "change", request: readChange(word, isDryRun ? words.slice(0, -1) : words, places), isDryRun };
}

function readChange(word: string, words: readonly string[], places: KnownPlaces): Change {
  const [first] = words;
  if (word === "add" && words.length === 3 && words[1]?.toLowerCase() === "replicaof") {
    return { type: "replicate", node: checkedName(words[0] as string), seat: placeNamed(words[2] as string, places) };
  }
  if (word === "add" && first !== undefined) return readJoin(words);
  if (word === "remove" && first !== undefined) return readRemove(first, words.slice(1), places);
  if (word === "weights" && words.length >= 2 && words.length % 2 === 0) return readWeights(words, places);
  if (word === "rebalance" && words.length === 0) return { type: "rebalance" };
  if (word === "cancel" && words.length === 0) return { type: "cancel" };
  throw new CommandError(errors.syntax);
}

/** node [FORCE | REPLICA]: a place, a place that is gone with its keys, or a replica alone. */
function readRemove(node: string, words: readonly string[], places: KnownPlaces): Change {
  const how = words.join(" ").toLowerCase();
  if (how === "") return { type: "leave", seat: placeNamed(node, places) };
  if (how === "force") return { type: "giveUp", seat: placeNamed(node, places) };
  if (how === "replica") return { type: "dismiss", node: nodeNamed(node, places) };
  throw new CommandError(errors.syntax);
}

/** host:port [host:port ...] [WEIGHT weight]: a node, and replicas of it. */
function readJoin(words: readonly string[]): Change {
  const isWeighted = words.at(-2)?.toLowerCase() === "weight";
  const nodes = (isWeighted ? words.slice(0, -2) : words).map(checkedName);
  const [seat] = nodes;
  if (seat === undefined) throw new CommandError(errors.syntax);
  return { type: "join", seat, nodes, ...(isWeighted ? { weight: readWeight(words.at(-1) as string) } : {}) };
}

function readWeights(words: readonly string[], places: KnownPlaces): Change {
  const weights: Record<string, number> = {};
  for (let at = 0; at < words.length; at += 2) {
    weights[placeNamed(words[at] as string, places)] = readWeight(words[at + 1] as string);
  }
  return { type: "weights", weights };
}

/** A node's host and port, as one name. Throws the error reply. */
export function checkedName(name: string): string {
  try {
    nodeAddress(name);
  } catch (error) {
    if (error instanceof RangeError) throw new CommandError(`ERR ${error.message}`);
    throw error;
  }
  return name;
}

function readWeight(text: string): number {
  const weight = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || !(weight > 0 && Number.isFinite(weight))) {
    throw new CommandError(`ERR the weight '${text.slice(0, 128)}' is not a number above 0`);
  }
  return weight;
}

const isCalled = (name: string, word: string): boolean => name === word || nodeId(name) === word.toLowerCase();

/** A node by its name or id. One that nobody knows may still be awaited as a replica. */
function nodeNamed(word: string, { names }: KnownPlaces): string {
  return names.find((name) => isCalled(name, word)) ?? checkedName(word);
}

/** A place by its own name or id, or by those of its primary. Throws the error reply. */
export function placeNamed(word: string, { seats, primaries, primaryOf, names }: KnownPlaces): string {
  const seat =
    seats.find((each) => isCalled(each, word)) ??
    seats.find((_, place) => isCalled(names[primaries[place] as number] as string, word));
  if (seat !== undefined) return seat;
  const replica = names.findIndex((name) => isCalled(name, word));
  const place = seats[primaries.indexOf(primaryOf[replica] ?? -1)];
  if (place !== undefined) {
    throw new CommandError(
      `ERR ${names[replica]} is a replica of place ${place}: a place comes and goes with all its nodes, by the name of the place. ` +
        `CLUSTER RING REMOVE ${names[replica]} REPLICA removes the replica alone`,
    );
  }
  throw new CommandError(`ERR no place '${word.slice(0, 128)}' in the ring: there are ${seats.join(", ")}`);
}
