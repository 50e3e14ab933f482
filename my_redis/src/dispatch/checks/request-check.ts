import type { Command, Context } from "../context.ts";
import type { Check, CheckList } from "./check-list.ts";

/** A check of requests of clients, under its name in `checkOrder`. */
export type RequestCheck<Name extends string> = Check<Context, Command, Name>;

export type RequestChecks = CheckList<Context, Command>;
