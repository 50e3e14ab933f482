import { append } from "./append.ts";
import { getDel, getEx, getSet } from "./get-and-change.ts";
import { delEx, delIfEq } from "./delete-if.ts";
import { digest } from "./digest.ts";
import { get, mget } from "./get.ts";
import { incrByFloat } from "./increment-by-float.ts";
import { decr, decrBy, incr, incrBy } from "./increment.ts";
import { lcs } from "./lcs.ts";
import { mset, msetNx } from "./mset.ts";
import { msetEx } from "./msetex.ts";
import { setNx } from "./set-nx.ts";
import { psetEx, setEx } from "./set-with-expiry.ts";
import { set, setOfRedis8, setOfValkey9 } from "./set.ts";
import { getRange, setRange, substr } from "./string-range.ts";
import { strlen } from "./strlen.ts";

export const stringCommands = [
  ...[append, decr, decrBy, get, getDel, getEx, getRange, getSet, incr, incrBy, incrByFloat, lcs, mget, mset, msetNx],
  ...[psetEx, set, setEx, setNx, setRange, strlen, substr],
];

export const stringCommandsOfRedis8 = [setOfRedis8, delEx, digest, msetEx];
export const stringCommandsOfValkey9 = [setOfValkey9, delIfEq];
