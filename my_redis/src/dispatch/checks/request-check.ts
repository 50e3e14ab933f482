import type { Command, Context } from "../context.ts";
import type { Check, CheckList } from "./check-list.ts";

/** A check of clients' requests, under its name in `checkOrder`. */
export type RequestCheck<Name extends string> = Check<Context, Command, Name>;

export type RequestChecks = CheckList<Context, Command>;
