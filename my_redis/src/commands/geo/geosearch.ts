import { command, type CommandDefinition } from "../../dispatch/command.ts";
import { firstKey, keyAfter, keyAt } from "../../dispatch/key-specification.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { runSearch } from "./search.ts";

const complexity = "O(N+log(M)) for N members in the cells around the shape, and M within it.";

export const geosearch = command({
  name: "GEOSEARCH",
  group: "geo",
  since: "6.2.0",
  complexity,
  summary: "Gives the members whose places lie within a circle or a box.",
  syntax:
    "key (FROMMEMBER=member | FROMLONLAT={longitude latitude}) ({BYRADIUS=radius (M | KM | FT | MI)} | " +
    "{BYBOX=width:double height:double (M | KM | FT | MI)}) [ASC | DESC] [COUNT=count [ANY]] [WITHCOORD] " +
    "[WITHDIST] [WITHHASH]",
  flags: ["readonly"],
  keys: firstKey,
  run: runSearch({ kind: "search", source: 1 }),
});

export const geosearchstore = command({
  name: "GEOSEARCHSTORE",
  group: "geo",
  since: "6.2.0",
  complexity,
  summary: "Stores the members whose places lie within a circle or a box, or their distances, at another key.",
  syntax:
    "destination:key source:key (FROMMEMBER=member | FROMLONLAT={longitude latitude}) ({BYRADIUS=radius (M | KM | " +
    "FT | MI)} | {BYBOX=width:double height:double (M | KM | FT | MI)}) [ASC | DESC] [COUNT=count [ANY]] " +
    "[STOREDIST]",
  flags: ["write", "denyoom"],
  keepsElements: true,
  keys: [keyAt(1, "OW update"), keyAt(2, "RO access")],
  run: runSearch({ kind: "search", source: 2, stores: true }),
});

/** Positions of the source key and of the key that STORE or STOREDIST names. */
function findKeys(args: Arguments): number[] {
  let target = 0;
  for (let index = 5; index + 1 < args.count; index++) {
    if (args.is(index, "store") || args.is(index, "storedist")) target = ++index;
  }
  return target === 0 ? [1] : [1, target];
}

const writes = {
  group: "geo",
  since: "3.2.0",
  complexity,
  flags: ["write", "denyoom"],
  keepsElements: true,
  findKeys,
} as const satisfies Partial<CommandDefinition>;

const reads = {
  group: "geo",
  since: "3.2.10",
  complexity,
  flags: ["readonly"],
  keys: firstKey,
} as const satisfies Partial<CommandDefinition>;

export const georadius = command({
  ...writes,
  name: "GEORADIUS",
  summary: "Gives, or stores, the members whose places lie within a circle; GEOSEARCH does more.",
  syntax:
    "key longitude latitude radius (M | KM | FT | MI) [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT=count [ANY]] [ASC | " +
    "DESC] [STORE=key] [STOREDIST=key]",
  keys: [keyAt(1, "RO access"), keyAfter("STORE", 6, "OW update"), keyAfter("STOREDIST", 6, "OW update")],
  run: runSearch({ kind: "radius", source: 1, mayStore: true }),
});

export const georadiusRo = command({
  ...reads,
  name: "GEORADIUS_RO",
  summary: "Gives the members whose places lie within a circle.",
  syntax:
    "key longitude latitude radius (M | KM | FT | MI) [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT=count [ANY]] [ASC | " +
    "DESC]",
  run: runSearch({ kind: "radius", source: 1 }),
});

export const georadiusbymember = command({
  ...writes,
  name: "GEORADIUSBYMEMBER",
  summary: "Gives, or stores, the members whose places lie within a circle around one of them.",
  syntax:
    "key member radius (M | KM | FT | MI) [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT=count [ANY]] [ASC | DESC] " +
    "[STORE=key] [STOREDIST=key]",
  keys: [keyAt(1, "RO access"), keyAfter("STORE", 5, "OW update"), keyAfter("STOREDIST", 5, "OW update")],
  run: runSearch({ kind: "radius-by-member", source: 1, mayStore: true }),
});

export const georadiusbymemberRo = command({
  ...reads,
  name: "GEORADIUSBYMEMBER_RO",
  summary: "Gives the members whose places lie within a circle around one of them.",
  syntax: "key member radius (M | KM | FT | MI) [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT=count [ANY]] [ASC | DESC]",
  run: runSearch({ kind: "radius-by-member", source: 1 }),
});
