import { command, type CommandDefinition } from "../../dispatch/command.ts";
import { firstKey } from "../../dispatch/key-specification.ts";
import { CommandError, errors } from "../../protocol/command-error.ts";
import { distanceMeters } from "../../values/geo/distance.ts";
import { coordinatesOf, geohashText } from "../../values/geo/geohash.ts";
import { readSortedSet } from "../../collections/sorted-set-value.ts";
import { readUnit, replyDistance, replyPlace } from "./place-argument.ts";

const shared = {
  group: "geo",
  since: "3.2.0",
  flags: ["readonly"],
  keys: firstKey,
} as const satisfies Partial<CommandDefinition>;

export const geodist = command({
  ...shared,
  name: "GEODIST",
  complexity: "O(1)",
  brief: true,
  summary: "Gives the distance between the places of two members.",
  syntax: "key member1 member2 [M | KM | FT | MI]",
  run(context, args, reply) {
    if (args.count > 5) throw new CommandError(errors.syntax);
    const unit = args.count === 5 ? readUnit(args, 4) : 1;
    const set = readSortedSet(context.database, args);
    const scores = [2, 3].flatMap((index) =>
      set?.find(args.buffer, args.start(index), args.end(index)) === true ? [set.score] : [],
    );
    if (scores.length < 2) {
      reply.null();
      return;
    }
    const [one, other] = scores as [number, number];
    replyDistance(reply, distanceMeters(coordinatesOf(one), coordinatesOf(other)) / unit);
  },
});

export const geohash = command({
  ...shared,
  name: "GEOHASH",
  complexity: "O(N) for N members asked for.",
  summary: "Gives the places of members as standard geohashes.",
  syntax: "key member...",
  // Redis accepts a key without members, contrary to its documented syntax, and replies with an empty array.
  arity: -2,
  run(context, args, reply) {
    const set = readSortedSet(context.database, args);
    reply.array(args.count - 2);
    for (let index = 2; index < args.count; index++) {
      const found = set?.find(args.buffer, args.start(index), args.end(index)) === true;
      if (set !== undefined && found) reply.bulkLatin1(geohashText(coordinatesOf(set.score)));
      else reply.null();
    }
  },
});

export const geopos = command({
  ...shared,
  name: "GEOPOS",
  complexity: "O(N) for N members asked for.",
  summary: "Gives the longitudes and latitudes of members.",
  syntax: "key member...",
  // Redis accepts a key without members, contrary to its documented syntax, and replies with an empty array.
  arity: -2,
  run(context, args, reply) {
    const set = readSortedSet(context.database, args);
    reply.array(args.count - 2);
    for (let index = 2; index < args.count; index++) {
      const found = set?.find(args.buffer, args.start(index), args.end(index)) === true;
      if (set !== undefined && found) replyPlace(reply, coordinatesOf(set.score));
      else reply.nullArray();
    }
  },
});
