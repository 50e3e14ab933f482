import { command } from "../../dispatch/command.ts";
import { keyAt } from "../../dispatch/key-specification.ts";
import { createSet, findSet, SetValue } from "../../collections/set-value.ts";

const source = new SetValue();
const target = new SetValue();

export const smove = command({
  name: "SMOVE",
  group: "set",
  since: "1.0.0",
  complexity: "O(1)",
  summary: "Moves a member from one set to another.",
  syntax: "source:key destination:key member",
  flags: ["write", "fast"],
  keys: [keyAt(1, "RW access delete"), keyAt(2, "RW insert")],
  run(context, args, reply) {
    const { database } = context;
    const { buffer } = args;
    const start = args.start(3);
    const end = args.end(3);
    // As in redis-server, both keys are looked up, and so expire, before anything is judged.
    database.write(args, 1);
    database.write(args, 2);
    const from = findSet(context.database, args, 1, source);
    if (from === undefined) {
      reply.integer(0);
      return;
    }
    const found = findSet(context.database, args, 2, target);
    if (found?.address === from.address) {
      reply.integer(from.has(buffer, start, end) ? 1 : 0);
      return;
    }
    if (!from.has(buffer, start, end)) {
      reply.integer(0);
      return;
    }
    // The member is added first: if memory is lacking, the source keeps it. Observers hear of it last, as in Redis.
    const create = (): SetValue =>
      createSet(database, args, 2, { member: { bytes: buffer, start, end }, count: 1 }, target);
    const to = found ?? database.replacing(true, create);
    const isNew = to.add(buffer, start, end);
    from.remove(buffer, start, end);
    database.changed(args, 1, "srem");
    from.deleteIfEmpty(args, 1);
    if (found === undefined) database.announceCreated(args, 2);
    if (isNew) database.changed(args, 2, "sadd");
    reply.integer(1);
  },
});
