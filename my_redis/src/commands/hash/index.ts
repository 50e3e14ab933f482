import { hdel } from "./hdel.ts";
import { hexists, hget, hlen, hmget, hstrlen } from "./hget.ts";
import { hgetall, hkeys, hvals } from "./hgetall.ts";
import { hincrby } from "./hincrby.ts";
import { hincrbyfloat } from "./hincrbyfloat.ts";
import { hrandfield } from "./hrandfield.ts";
import { hscan } from "./hscan.ts";
import { hmset, hset, hsetnx } from "./hset.ts";

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
];
