import { sdiff, sdiffstore, sinter, sintercard, sinterstore, sunion, sunionstore } from "./combine.ts";
import { sadd, srem } from "./sadd.ts";
import { scard, sismember, smembers, smismember } from "./smembers.ts";
import { smove } from "./smove.ts";
import { spop, srandmember } from "./srandmember.ts";
import { sscan } from "./sscan.ts";

export const setCommands = [
  sadd,
  srem,
  scard,
  sismember,
  smembers,
  smismember,
  smove,
  spop,
  srandmember,
  sdiff,
  sdiffstore,
  sinter,
  sintercard,
  sinterstore,
  sunion,
  sunionstore,
  sscan,
];
