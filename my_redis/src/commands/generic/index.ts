import { copy } from "./copy.ts";
import { dbSize } from "./db-size.ts";
import { del, unlink } from "./delete.ts";
import { dump } from "./dump/dump.ts";
import { restore } from "./dump/restore.ts";
import { exists, touch } from "./exists.ts";
import { expire, expireAt, pexpire, pexpireAt } from "./expire.ts";
import { flushAll, flushDb } from "./flush.ts";
import { keys } from "./keys.ts";
import { migrate } from "./migrate.ts";
import { move } from "./move.ts";
import { object } from "./object.ts";
import { persist } from "./persist.ts";
import { randomKey } from "./random-key.ts";
import { rename, renameNx } from "./rename.ts";
import { scan } from "./scan.ts";
import { sort, sortRo } from "./sort/sort.ts";
import { swapDb } from "./swap-db.ts";
import { expireTime, pexpireTime, pttl, ttl } from "./time-to-live.ts";
import { type } from "./type.ts";

export const genericCommands = [
  ...[copy, dbSize, del, dump, exists, expire, expireAt, expireTime, flushAll, flushDb, keys, migrate, move, object],
  ...[persist, pexpire, pexpireAt, pexpireTime, pttl, randomKey, rename, renameNx, restore, scan, sort, sortRo],
  ...[swapDb, touch, ttl, type, unlink],
];
