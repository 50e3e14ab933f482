import { cluster } from "./cluster.ts";
import { asking, readonly, readwrite } from "./modes.ts";

export const clusterCommands = [asking, cluster, readonly, readwrite];
