import type { Command } from "../../dispatch/command.ts";
import type { CommandFacts } from "../../dispatch/command-facts.ts";
import { hasWord } from "../../dispatch/has-word.ts";
import { Refusal, type Verdict } from "../../dispatch/outcome.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import type { SpanningCommand } from "../spanning-command.ts";
import { routeErrors } from "./route-errors.ts";

export const concernsData = ({ flagSet, isWrite, readsKeyspace }: CommandFacts): boolean =>
  isWrite || flagSet.has("readonly") || readsKeyspace === true;

/** XREAD and XREADGROUP wait only when they are told to. WAIT waits for replicas, and not for keys. */
export const mayWaitForKeys = (command: Command, args: Arguments): boolean =>
  command.flagSet.has("blocking") && concernsData(command) && (command.group !== "stream" || hasWord(args, 1, "block"));

/** Whether a client wants to hear from now on what happens at other nodes, too. */
export const wantsMessages = (
  { fullName, subscribes }: CommandFacts & { readonly fullName: string },
  args: Arguments,
): boolean => subscribes === true || (fullName === "client|tracking" && args.is(2, "on") && hasWord(args, 3, "bcast"));

/** A connection's own state stays at the node that it is made to, its subscriptions included. */
export const isOfConnection = ({ anyConnection, group, whileSubscribed }: CommandFacts): boolean =>
  anyConnection !== true && (group === "connection" || (group === "pubsub" && whileSubscribed === true));

/** Whether a command that may span nodes can stand in a transaction or script, which runs on one node. */
export const verdictInOne = ({ localInTransaction }: SpanningCommand, { fullName }: Command): Verdict =>
  localInTransaction === true ? "run" : new Refusal(routeErrors.spans(fullName));
