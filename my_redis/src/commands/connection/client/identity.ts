import { command } from "../../../dispatch/command.ts";
import { CommandError } from "../../../protocol/command-error.ts";
import { checkClientName } from "../client-name.ts";

const facts = { group: "connection", complexity: "O(1)", flags: ["noscript", "loading", "stale"] } as const;

export const clientId = command({
  ...facts,
  name: "CLIENT ID",
  since: "5.0.0",
  brief: true,
  summary: "Returns the number of the connection.",
  run({ client }, _args, reply) {
    reply.integer(client.id);
  },
});

export const clientGetname = command({
  ...facts,
  name: "CLIENT GETNAME",
  since: "2.6.9",
  brief: true,
  summary: "Returns the name of the connection.",
  run({ client }, _args, reply) {
    if (client.name === "") reply.null();
    else reply.bulkText(client.name);
  },
});

export const clientSetname = command({
  ...facts,
  name: "CLIENT SETNAME",
  since: "2.6.9",
  brief: true,
  summary: "Sets the name of the connection; an empty name removes it.",
  syntax: "connection-name",
  usage: "<name>",
  run({ client }, args, reply) {
    const name = args.latin1(2);
    checkClientName(name);
    client.name = name;
    reply.ok();
  },
});

export const clientSetinfo = command({
  ...facts,
  name: "CLIENT SETINFO",
  since: "7.2.0",
  brief: true,
  summary: "Sets the library name or version that CLIENT LIST shows for this connection.",
  syntax: "(LIB-NAME=libname | LIB-VER=libver)",
  usage: "(LIB-NAME|LIB-VER) <value>",
  run({ client }, args, reply) {
    const option = args.latin1(2).toLowerCase();
    const value = args.latin1(3);
    if (option !== "lib-name" && option !== "lib-ver") {
      throw new CommandError(`ERR Unrecognized option '${args.latin1(2)}'`);
    }
    if (/[^!-~]/.test(value)) {
      throw new CommandError(`ERR ${option} cannot contain spaces, newlines or special characters.`);
    }
    if (option === "lib-name") client.libraryName = value;
    else client.libraryVersion = value;
    reply.ok();
  },
});
