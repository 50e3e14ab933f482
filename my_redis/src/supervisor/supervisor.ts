import { join } from "node:path";
import type { Environment } from "../environment.ts";
import { makeFolders, nodeWords, type PlannedNode, planNodes, type PlanSettings } from "./node-plan.ts";
import { SupervisedProcess } from "./supervised-process.ts";
import { settlable } from "../settlable.ts";

export interface SupervisorOptions {
  readonly settings: PlanSettings;
  /** The words that start one node: the program, and the directives that all nodes share. */
  readonly command: readonly [program: string, ...args: string[]];
  /** Configuration that each node reads from standard input. */
  readonly input?: string;
  /**
   * Name of a file in each node's own folder for its messages. Without it they go where the supervisor's messages go.
   */
  readonly logFile?: string;
  readonly environment: Pick<Environment, "report" | "monotonicMs">;
}

/** Nodes that are started again when they die. */
export interface RunningNodes {
  readonly nodes: readonly PlannedNode[];
  /** Resolves when all nodes serve. Rejects when a node could not start, after the others have ended. */
  readonly ready: Promise<void>;
  /** Settles as `close` does when all nodes have ended for good. */
  readonly closed: Promise<void>;
  /**
   * Ends all nodes, and resolves when all of them have ended and everything is on the disk. Rejects with NodesError when
   * all have ended, but a node could not write its last snapshot, could not close a file, or had to be killed. The error
   * names each such node and the reason.
   */
  close(): Promise<void>;
  /** The process id of the node at this index; undefined while it does not run. */
  pid(index: number): number | undefined;
}

/**
 * Starts `nodes` processes that form one ring, each on its own port and with its own folder.
 *
 * @throws DirectiveError when the settings cannot make a ring
 */
export function superviseNodes({
  settings,
  command,
  input = "",
  logFile,
  environment,
}: SupervisorOptions): RunningNodes {
  const nodes = planNodes(settings);
  makeFolders(nodes);
  const ready = settlable();
  const closed = settlable();
  const waiting = new Set(nodes);
  let running = nodes.length;
  let failed: PlannedNode | undefined;
  const failures: string[] = [];
  const logWords = ({ folder }: PlannedNode): string[] =>
    logFile === undefined ? [] : ["--logfile", join(folder, logFile)];
  const stopAll = (): void => {
    for (const each of processes) each.stop();
  };
  const processes = nodes.map(
    (node) =>
      new SupervisedProcess({
        command: [...command, ...nodeWords(node), ...logWords(node)],
        input,
        monotonicMs: environment.monotonicMs,
        events: {
          ready() {
            waiting.delete(node);
            if (waiting.size === 0) ready.resolve();
          },
          died(how, pauseMs) {
            environment.report("warning", `node ${node.name} died (${how}) and is started again in ${pauseMs} ms`);
          },
          ended({ failedToStart, failure }) {
            running--;
            if (failure !== undefined) failures.push(`node ${node.name}: ${failure}`);
            if (failedToStart) {
              failed ??= node;
              stopAll();
            }
            if (running > 0) return;
            const reason =
              failed === undefined ? "stopped before all nodes served" : `node ${failed.name} did not start`;
            ready.reject(new NodesError([reason, ...failures].join("; ")));
            if (failures.length === 0) closed.resolve();
            else closed.reject(new NodesError(failures.join("; ")));
          },
        },
      }),
  );
  // A caller need not wait for both.
  ready.promise.catch(() => {});
  closed.promise.catch(() => {});
  return {
    nodes,
    ready: ready.promise,
    closed: closed.promise,
    close() {
      stopAll();
      return closed.promise;
    },
    pid: (index) => processes[index]?.pid,
  };
}

/**
 * A ring could not be started, or its nodes could not be ended as they should. When a node ended at its start, that node
 * has written the reason.
 */
export class NodesError extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = "NodesError";
  }
}
