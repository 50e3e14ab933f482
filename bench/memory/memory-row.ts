import type { Growth } from "./growth.ts";
import type { Load } from "./loads.ts";

/** One load on both servers; sizes in bytes. */
export interface MemoryRow {
  readonly load: string;
  readonly size: Load["size"];
  readonly redis: Growth;
  readonly mine: Growth;
  /** MyRedis's growth of resident memory divided by redis-server's. */
  readonly ratio: number;
}
