import { hdel } from "./hdel.ts";
import { hexpire, hexpireat, hpexpire, hpexpireat } from "./hexpire.ts";
import { hexists, hget, hlen, hmget, hstrlen } from "./hget.ts";
import { hgetall, hkeys, hvals } from "./hgetall.ts";
import { hgetdel } from "./hgetdel.ts";
import { hgetex } from "./hgetex.ts";
import { hincrby } from "./hincrby.ts";
import { hincrbyfloat } from "./hincrbyfloat.ts";
import { hpersist } from "./hpersist.ts";
import { hrandfield } from "./hrandfield.ts";
import { hscan } from "./hscan.ts";
import { hmset, hset, hsetnx } from "./hset.ts";
import { hsetex } from "./hsetex.ts";
import { hexpiretime, hpexpiretime, hpttl, httl } from "./httl.ts";

export const hashCommands = [
  hset,
  hmset,
  hsetnx,
  hget,
  hmget,
  hstrlen,
  hexists,
  hlen,
  hgetall,
  hkeys,
  hvals,
  hdel,
  hincrby,
  hincrbyfloat,
  hrandfield,
  hscan,
  hexpire,
  hpexpire,
  hexpireat,
  hpexpireat,
  httl,
  hpttl,
  hexpiretime,
  hpexpiretime,
  hpersist,
  hgetdel,
  hgetex,
  hsetex,
];
