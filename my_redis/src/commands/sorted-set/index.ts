import { bzpopmax, bzpopmin } from "./bzpop.ts";
import { zadd, zincrby } from "./zadd.ts";
import { zcount, zlexcount } from "./zcount.ts";
import { bzmpop, zmpop } from "./zmpop.ts";
import { zpopmax, zpopmin } from "./zpop.ts";
import { zrandmember } from "./zrandmember.ts";
import { zrange, zrangebylex, zrangebyscore, zrevrange, zrevrangebylex, zrevrangebyscore } from "./zrange.ts";
import { zrangestore } from "./zrangestore.ts";
import { zrank, zrevrank } from "./zrank.ts";
import { zrem, zremrangebylex, zremrangebyrank, zremrangebyscore } from "./zrem.ts";
import { zscan } from "./zscan.ts";
import { zcard, zmscore, zscore } from "./zscore.ts";
import { zdiff, zdiffstore, zinter, zintercard, zinterstore, zunion, zunionstore } from "./zunion.ts";

export const sortedSetCommands = [
  zadd,
  zincrby,
  zcard,
  zscore,
  zmscore,
  zrank,
  zrevrank,
  zcount,
  zlexcount,
  zrange,
  zrevrange,
  zrangebyscore,
  zrevrangebyscore,
  zrangebylex,
  zrevrangebylex,
  zrangestore,
  zrem,
  zremrangebyrank,
  zremrangebyscore,
  zremrangebylex,
  zpopmin,
  zpopmax,
  zmpop,
  bzpopmin,
  bzpopmax,
  bzmpop,
  zrandmember,
  zscan,
  zunion,
  zunionstore,
  zinter,
  zinterstore,
  zintercard,
  zdiff,
  zdiffstore,
];
