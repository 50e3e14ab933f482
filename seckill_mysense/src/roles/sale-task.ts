import type { CodesAction } from "./sale-codes-command.ts";
import type { RoomAction } from "./sale-room-command.ts";

/** What a command does with sales. `file` is a path, or "-" for the standard input. */
export type SaleAction =
  | { readonly kind: "create"; readonly file: string; readonly draft: boolean }
  | { readonly kind: "validate"; readonly file: string }
  | { readonly kind: "list" }
  | { readonly kind: "show"; readonly id: string; readonly history: boolean }
  | { readonly kind: "update"; readonly id: string; readonly file: string }
  | { readonly kind: "publish" | "end" | "cancel"; readonly id: string }
  | { readonly kind: "pause" | "resume"; readonly id: string; readonly product: string | undefined }
  | { readonly kind: "restock"; readonly id: string; readonly product: string; readonly units: number }
  | RoomAction
  | CodesAction
  | { readonly kind: "extend"; readonly id: string; readonly endsAt: string };

export interface SaleCommandLine {
  readonly action: SaleAction;
  readonly json: boolean;
  readonly expectedVersion: number | undefined;
  /** Who asks, for the log of changes; undefined for the user of the operating system. */
  readonly actor: string | undefined;
  /** The id of the change; undefined for one that is asked for the first time. */
  readonly changeId: string | undefined;
  /** How long to wait until the gate has the change. */
  readonly waitSeconds: number;
}
