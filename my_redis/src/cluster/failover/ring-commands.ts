import type { Context } from "../../dispatch/context.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { CommandError } from "../../protocol/command-error.ts";
import type { ReplyWriter } from "../../protocol/reply-writer.ts";
import type { Members } from "../members.ts";
import type { DeferredReply, SpanningCommand } from "../spanning-command.ts";
import type { OperatorAnswer, OperatorRequest } from "./ring-request-codec.ts";
import { checkedName, placeNamed, readRingRequest } from "./ring-words.ts";
import type { SeatNode } from "./seat-node.ts";

type Read = (args: Arguments, members: Members) => OperatorRequest;
type Write = (reply: ReplyWriter, answer: OperatorAnswer) => void;

/** The commands by which operators change a ring. Any member takes them; the answer comes from the leader. */
export function ringCommands(
  seat: Pick<SeatNode, "ringOperators">,
  members: Members,
): ReadonlyMap<string, SpanningCommand> {
  const asking = (read: Read, write: Write): SpanningCommand => ({
    inAnyRouting: true,
    run: (context, args, reply) => ask({ context, reply, seat, write }, () => read(args, members)),
  });
  return new Map([
    ["cluster|meet", asking(readMeet, writeOk)],
    ["cluster|forget", asking(readForget, writeOk)],
    ["cluster|replicate", asking(readReplicate, writeOk)],
    ["cluster|ring", asking(readRingRequest, writeJson)],
  ]);
}

interface Asked {
  readonly context: Context;
  readonly reply: DeferredReply;
  readonly seat: Pick<SeatNode, "ringOperators">;
  readonly write: Write;
}

function ask({ context, reply, seat, write }: Asked, read: () => OperatorRequest): void {
  const refuse = (message: string): void =>
    reply.answer((writer) => context.server.processor.writeError(writer, message));
  let request: OperatorRequest;
  try {
    request = read();
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    return refuse(error.message);
  }
  seat.ringOperators.ask(request, (answer) => {
    if (answer.type === "refused") refuse(`ERR ${answer.reason}`);
    else reply.answer((writer) => write(writer, answer));
  });
}

/** CLUSTER MEET ip port [bus-port] */
function readMeet(args: Arguments): OperatorRequest {
  const host = args.text(2);
  const name = checkedName(`${host.includes(":") ? `[${host}]` : host}:${args.text(3)}`);
  return { type: "change", request: { type: "join", seat: name, nodes: [name] }, isDryRun: false };
}

/** CLUSTER FORGET node-id */
function readForget(args: Arguments, members: Members): OperatorRequest {
  return { type: "change", request: { type: "leave", seat: placeNamed(args.text(2), members) }, isDryRun: false };
}

/** CLUSTER REPLICATE node-id: this node becomes a replica of that one's place. */
function readReplicate(args: Arguments, members: Members): OperatorRequest {
  const { isOutside, name } = members;
  if (isOutside) {
    throw new CommandError(
      `ERR this node is no member of a ring: CLUSTER RING ADD ${name} REPLICAOF <place> at a member makes it a replica`,
    );
  }
  return {
    type: "change",
    request: { type: "replicate", node: name, seat: placeNamed(args.text(2), members) },
    isDryRun: false,
  };
}

const writeOk: Write = (reply) => reply.ok();

const writeJson: Write = (reply, answer) => {
  const { type, ...rest } = answer;
  reply.bulkText(JSON.stringify({ type, ...rest }));
};
