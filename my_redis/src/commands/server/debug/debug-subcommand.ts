import type { Context } from "../../../dispatch/context.ts";
import type { Arguments } from "../../../protocol/arguments.ts";
import type { ReplyWriter } from "../../../protocol/reply-writer.ts";

/** One subcommand of DEBUG. Redis's command table does not list them, so ours does not either. */
export interface DebugSubcommand {
  readonly name: string;
  readonly usage?: string;
  readonly summary: string;
  /** The least and the greatest number of arguments, including DEBUG and the subcommand's name. */
  readonly counts: readonly [least: number, most: number];
  run(context: Context, args: Arguments, reply: ReplyWriter): void;
}
