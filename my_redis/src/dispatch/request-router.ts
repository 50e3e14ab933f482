import type { Arguments } from "../protocol/arguments.ts";
import type { Command } from "./command.ts";
import type { Context } from "./context.ts";

/** Decides, after all policies, where a request runs. */
export interface RequestRouter {
  /** The error, `postponed` when another node does it or it has to wait, or undefined to run it here. */
  route(context: Context, command: Command, args: Arguments): string | undefined;
  /** Whether a request concerns no data of this node. */
  isElsewhere(context: Context, command: Command, args: Arguments): boolean;
}

/** What other nodes do for one client. */
export interface Relaying {
  /** Replies that are still to come. */
  readonly outstanding: number;
  /**
   * Whether replies are still to come, before which nothing may be written. Then the request is kept, and runs after
   * them; without a request, the client is read again after them.
   */
  mustWait(args?: Arguments): boolean;
  /** The client went away. */
  end(): void;
}
