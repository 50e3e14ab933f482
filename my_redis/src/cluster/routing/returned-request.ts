import type { Context } from "../../dispatch/context.ts";
import type { Arguments } from "../../protocol/arguments.ts";
import { elementsOf, textOf } from "../spanning/reply-parts.ts";
import { requestBytes } from "./transaction-request.ts";

const name = "returned";

/** Sends another node the request of its client back, in place of a reply: this node does not own the keys. */
export function sendBack({ client, server }: Context, args: Arguments): "held" {
  const request = requestBytes(args);
  server.replies.to(
    client,
    (reply) => {
      const { protocol } = reply;
      reply.protocol = 3;
      reply.push(2);
      reply.protocol = protocol;
      reply.bulkText(name);
      reply.bulk(request, 0, request.length);
    },
    "nothing",
  );
  return "held";
}

/** The request that a node sends back by this push; undefined when it is another push. */
export function requestIn(push: Uint8Array): Uint8Array | undefined {
  const [kind, request] = elementsOf(push) as [Uint8Array, Uint8Array];
  if (textOf(kind) !== name) return undefined;
  return request.subarray(request.indexOf(10) + 1, request.length - 2);
}
