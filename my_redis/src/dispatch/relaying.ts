import type { Arguments } from "../protocol/arguments.ts";

/** The requests of one client that other nodes carry out. */
export interface Relaying {
  /** Number of outstanding replies; nothing may be written to the client before they have come. */
  readonly outstanding: number;
  /** Among the outstanding requests is one that may wait for keys, for as long as it says. */
  readonly mayWaitForKeys: boolean;
  /**
   * Holds a request that must not overtake outstanding replies; it runs after them, beginning with its checks. Returns
   * "run", and holds nothing, when no reply is outstanding.
   */
  holdUntilAnswered(args: Arguments): "run" | "held";
  /**
   * Reads nothing more from the client until the outstanding replies have come. Returns "run" when none is outstanding.
   */
  pauseUntilAnswered(): "run" | "held";
  /** The client has disconnected. */
  end(): void;
}
