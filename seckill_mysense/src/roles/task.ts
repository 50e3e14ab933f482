import type { SaleCommandLine } from "./sale-task.ts";

export const roles = ["all", "gateway", "quantity", "relay", "consumer", "sweeper", "admin"] as const;
/** A role that runs until it is stopped. */
export type Role = (typeof roles)[number];

export const letterStates = ["waiting", "replayed", "discarded"] as const;
export const refundStates = ["held", "waiting", "done"] as const;
export const shells = ["bash", "zsh", "fish"] as const;

/** What the command line asks for. */
export type Task =
  | { readonly kind: "serve"; readonly role: Role }
  | { readonly kind: "status"; readonly json: boolean }
  | { readonly kind: "doctor"; readonly role: Role; readonly json: boolean }
  | { readonly kind: "sale"; readonly commandLine: SaleCommandLine }
  | {
      readonly kind: "verify";
      /** Check only this sale. */
      readonly saleId: string | undefined;
      /** No sale is open, so reservations that are still on their way are findings. */
      readonly atRest: boolean;
      /** One JSON document instead of text. */
      readonly json: boolean;
    }
  | {
      readonly kind: "repair";
      /** Rebuild this product, whatever its state is. */
      readonly productId: string | undefined;
      /** Only say what would be done. */
      readonly dryRun: boolean;
      /** Do not wait for reservations that are on their way. */
      readonly force: boolean;
      readonly json: boolean;
    }
  | {
      readonly kind: "refunds";
      readonly action: "list" | "retry" | "done";
      /** The id of a payment; undefined for `list`. */
      readonly id: string | undefined;
      /** For `list`. */
      readonly state: (typeof refundStates)[number];
      readonly by: string | undefined;
      /** How the money went back. */
      readonly note: string | undefined;
      readonly json: boolean;
    }
  | {
      readonly kind: "dead-letters";
      readonly action: "list" | "show" | "replay" | "discard";
      /** Undefined for `list`. */
      readonly id: string | undefined;
      readonly state: (typeof letterStates)[number];
      /** Who does it, for the record; undefined for the user of the operating system. */
      readonly by: string | undefined;
      readonly json: boolean;
    }
  | { readonly kind: "migrate"; readonly json: boolean }
  | {
      readonly kind: "keys";
      readonly action: "announce" | "exchange" | "rotate" | "retire";
      /** Give up a previous secret that may still be in use. */
      readonly force: boolean;
      readonly json: boolean;
    }
  /** Runs until it is stopped, and is no part of the sale. */
  | { readonly kind: "payment-simulator" }
  /** Another program, which reads these words itself. */
  | { readonly kind: "verify-draw"; readonly words: readonly string[] }
  | { readonly kind: "completion"; readonly shell: (typeof shells)[number] };

export interface CommandLine {
  /** The path as given; undefined for the shipped config.json. */
  readonly configFile: string | undefined;
  readonly task: Task;
}
