import { cpus } from "node:os";
import type { GatewayProcess } from "../../seckill_mysense/test/gateways/gateway-processes.ts";

const count = cpus().length;

/** One core for each measured gateway, from the last one down; the load and everything else gets the others. */
export const gatewayCores = [`${count - 1}`, `${Math.max(0, count - 2)}`] as const;
export const otherCores = count <= 2 ? `0-${count - 1}` : `0-${count - 3}`;

/** With all of its threads. */
export function pin(pid: number, cores: string): void {
  const { exitCode } = Bun.spawnSync(["taskset", "-acp", cores, `${pid}`]);
  if (exitCode !== 0) throw new Error(`process ${pid} could not be given the cores ${cores}`);
}

export const pidOf = ({ program }: GatewayProcess): number => program!.process.pid;
export const portOf = ({ program }: GatewayProcess): number => Number(new URL(program!.url).port);
