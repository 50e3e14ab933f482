import type { Client } from "../../../dispatch/client.ts";
import type { TrackingMode } from "../../../dispatch/client.ts";
import { command } from "../../../dispatch/command.ts";
import type { Arguments } from "../../../protocol/arguments.ts";
import { CommandError, errors } from "../../../protocol/command-error.ts";
import type { Services } from "../../../dispatch/context.ts";
import { OptionReader } from "../../options/option-reader.ts";

const facts = { group: "connection", flags: ["noscript", "loading", "stale"] } as const;

const switchedBroadcast =
  "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it with a " +
  "different mode.";
const switchedOpting =
  "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it with a " +
  "different mode.";

export const clientTracking = command({
  ...facts,
  name: "CLIENT TRACKING",
  since: "6.0.0",
  complexity: "O(1). Some options may introduce additional complexity.",
  brief: true,
  summary: "Notifies this or another connection of changes to keys that it has read, or to all keys with a prefix.",
  syntax: "(ON | OFF) [REDIRECT=client-id] [PREFIX=prefix...=] [BCAST] [OPTIN] [OPTOUT] [NOLOOP]",
  usage: "(ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> [PREFIX <prefix> ...]] [OPTIN] [OPTOUT] [NOLOOP]",
  run({ client, server }, args, reply) {
    const mode = readMode(args, server);
    if (args.is(2, "on")) {
      checkMode(client, mode);
      server.observers.tracking.begin(client, withPrefixes(client, mode));
    } else if (args.is(2, "off")) {
      server.observers.tracking.end(client);
    } else {
      throw new CommandError(errors.syntax);
    }
    reply.ok();
  },
});

function readMode(args: Arguments, server: Services): TrackingMode {
  const flags = { broadcast: false, optIn: false, optOut: false, noLoop: false };
  const prefixes: string[] = [];
  let redirect = 0;
  const options = new OptionReader(args, 3);
  while (options.next()) {
    if (options.is("redirect", 1)) {
      if (redirect !== 0) throw new CommandError("ERR A client can only redirect to a single other client");
      redirect = options.integer();
      if (!server.clients.connected.has(redirect)) {
        throw new CommandError("ERR The client ID you want redirect to does not exist");
      }
    } else if (options.is("bcast")) flags.broadcast = true;
    else if (options.is("optin")) flags.optIn = true;
    else if (options.is("optout")) flags.optOut = true;
    else if (options.is("noloop")) flags.noLoop = true;
    else if (options.is("prefix", 1)) prefixes.push(args.latin1(options.value()));
    else options.refuse();
  }
  return { ...flags, prefixes, redirect };
}

/** Throws when the options contradict each other or the tracking mode that is already on. */
function checkMode({ tracking }: Client, mode: TrackingMode): void {
  const { broadcast, optIn, optOut, prefixes } = mode;
  if (!broadcast && prefixes.length > 0) throw new CommandError("ERR PREFIX option requires BCAST mode to be enabled");
  const before = tracking?.mode;
  if (before !== undefined && before.broadcast !== broadcast) throw new CommandError(switchedBroadcast);
  if (broadcast && (optIn || optOut)) throw new CommandError("ERR OPTIN and OPTOUT are not compatible with BCAST");
  if (optIn && optOut) throw new CommandError("ERR You can't specify both OPTIN mode and OPTOUT mode");
  if ((optIn && before?.optOut === true) || (optOut && before?.optIn === true)) throw new CommandError(switchedOpting);
  checkPrefixes(prefixes, before?.prefixes ?? []);
}

function checkPrefixes(prefixes: readonly string[], before: readonly string[]): void {
  const overlap = (one: string, other: string): boolean => one.startsWith(other) || other.startsWith(one);
  const rule = "Prefixes for a single client must not overlap.";
  for (const [at, prefix] of prefixes.entries()) {
    const existing = before.find((other) => overlap(prefix, other));
    if (existing !== undefined) {
      throw new CommandError(`ERR Prefix '${prefix}' overlaps with an existing prefix '${existing}'. ${rule}`);
    }
    const provided = prefixes.slice(at + 1).find((other) => overlap(prefix, other));
    if (provided !== undefined) {
      throw new CommandError(`ERR Prefix '${prefix}' overlaps with another provided prefix '${provided}'. ${rule}`);
    }
  }
}

/** New prefixes are added to the earlier ones. Without any prefix, all keys are tracked. */
function withPrefixes({ tracking }: Client, mode: TrackingMode): TrackingMode {
  if (!mode.broadcast) return mode;
  const prefixes = [...(tracking?.mode.prefixes ?? []), ...mode.prefixes];
  return { ...mode, prefixes: prefixes.length === 0 ? [""] : prefixes.sort() };
}

export const clientCaching = command({
  ...facts,
  name: "CLIENT CACHING",
  since: "6.0.0",
  complexity: "O(1)",
  brief: true,
  summary: "Decides whether the keys of the next command are tracked.",
  syntax: "(YES | NO)",
  run({ client: { tracking } }, args, reply) {
    if (tracking === undefined) {
      throw new CommandError(
        "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled",
      );
    }
    const { optIn, optOut } = tracking.mode;
    if (args.is(2, "yes")) {
      if (!optIn)
        throw new CommandError("ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.");
    } else if (args.is(2, "no")) {
      if (!optOut)
        throw new CommandError("ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.");
    } else {
      throw new CommandError(errors.syntax);
    }
    tracking.caching = true;
    reply.ok();
  },
});

export const clientGetredir = command({
  ...facts,
  name: "CLIENT GETREDIR",
  since: "6.0.0",
  complexity: "O(1)",
  brief: true,
  summary: "Returns the id of the connection that is notified in place of this one; -1 without tracking.",
  run({ client: { tracking } }, _args, reply) {
    reply.integer(tracking?.mode.redirect ?? -1);
  },
});

export const clientTrackinginfo = command({
  ...facts,
  name: "CLIENT TRACKINGINFO",
  since: "6.2.0",
  complexity: "O(1)",
  brief: true,
  summary: "Describes how keys are tracked for this connection.",
  run({ client }, _args, reply) {
    const flags = flagsOf(client);
    const prefixes = client.tracking?.mode.prefixes ?? [];
    reply.map(3);
    reply.bulkText("flags");
    reply.set(flags.length);
    for (const flag of flags) reply.bulkText(flag);
    reply.bulkText("redirect");
    reply.integer(client.tracking?.mode.redirect ?? -1);
    reply.bulkText("prefixes");
    reply.array(prefixes.length);
    for (const prefix of prefixes) reply.bulkLatin1(prefix);
  },
});

function flagsOf({ tracking }: Client): string[] {
  if (tracking === undefined) return ["off"];
  const { caching, isBroken, mode } = tracking;
  const flags: [string, boolean][] = [
    ["on", true],
    ["bcast", mode.broadcast],
    ["optin", mode.optIn],
    ["caching-yes", mode.optIn && caching],
    ["optout", mode.optOut],
    ["caching-no", mode.optOut && caching],
    ["noloop", mode.noLoop],
    ["broken_redirect", isBroken],
  ];
  return flags.filter(([, is]) => is).map(([flag]) => flag);
}
