import type { Arguments } from "../protocol/arguments.ts";

/** What other nodes do for one client. */
export interface Relaying {
  /** Replies that are still to come; nothing may be written to the client before them. */
  readonly outstanding: number;
  /**
   * Puts a request aside that must not overtake outstanding replies: it runs again, from its checks on, after them.
   * "run" where there are none, and nothing was put aside.
   */
  holdUntilAnswered(args: Arguments): "run" | "held";
  /** Reads nothing more of the client until the outstanding replies have come. "run" where there are none. */
  pauseUntilAnswered(): "run" | "held";
  /** The client has disconnected. */
  end(): void;
}
