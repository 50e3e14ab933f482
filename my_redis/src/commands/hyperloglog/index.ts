import { pfadd } from "./pfadd.ts";
import { pfcount } from "./pfcount.ts";
import { pfdebug, pfselftest } from "./pfdebug.ts";
import { pfmerge } from "./pfmerge.ts";

export const hyperLogLogCommands = [pfadd, pfcount, pfmerge, pfdebug, pfselftest];
