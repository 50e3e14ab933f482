import { expect, test } from "bun:test";
import { MovingRequests } from "../../../src/cluster/routing/moving-requests.ts";
import { RelayedClient } from "../../../src/cluster/routing/relayed-client.ts";
import type { RouterOwner } from "../../../src/cluster/routing/router-owner.ts";
import type { Context } from "../../../src/dispatch/context.ts";
import type { HeldRequests } from "../../../src/dispatch/held-requests.ts";
import { Arguments } from "../../../src/protocol/arguments.ts";

/** A client whose requests another node has. It counts how often one of them was asked again, or refused. */
function start() {
  const state = { nowMs: 0, askedAgain: 0, refused: 0 };
  const server = {
    environment: { monotonicMs: () => state.nowMs },
    settings: { values: { "cluster-node-timeout": 1000 } },
    observers: { tracking: { answeredElsewhere: () => {} } },
    replies: { to: () => state.refused++ },
  };
  const channel = { unread: () => state.askedAgain++ };
  const client = { replyMode: "on", channel, hold: () => {}, goOn: () => {}, relaying: undefined as unknown };
  const held = { requestOf: () => undefined, forget: () => false, has: () => false, release: () => {} };
  const context = { client, server } as unknown as Context;
  const relaying = new RelayedClient(context, held as unknown as HeldRequests, () => {});
  client.relaying = relaying;
  const owner = { members: { owners: [1] }, server } as unknown as RouterOwner;
  return { state, context, relaying, moving: new MovingRequests(owner, held as unknown as HeldRequests) };
}

const request = Buffer.from("*3\r\n");

test("a request that is sent back again a long time later is asked again: it has waited for its keys meanwhile", () => {
  const { relaying, state } = start();
  const sendBack = (): void => {
    relaying.sent(1, request.length);
    relaying.returned(request);
  };
  for (let count = 0; count < 3; count++) {
    sendBack();
    state.nowMs += 5000;
  }
  expect(state).toMatchObject({ askedAgain: 3, refused: 0 });
  // The nodes do not agree: it comes back at once, time after time.
  for (let count = 0; count < 25; count++) {
    sendBack();
    state.nowMs += 50;
  }
  expect(state).toMatchObject({ askedAgain: 3 + 21, refused: 4 });
});

test("a request for a slot that moves is judged again, however long ago its client had such a request", () => {
  const { context, moving, state } = start();
  const isJudgedAgain = (): boolean => {
    const handling = moving.handling({ context, args: Arguments.from(["GET", "key"]), slot: 0, node: 1 }, { count: 1 });
    return handling.returned?.() === true;
  };
  // The one before was carried out by this node itself in the end.
  expect(isJudgedAgain()).toBe(true);
  state.nowMs += 5000;
  expect(isJudgedAgain()).toBe(true);
  for (let count = 0; count < 20; count++) {
    state.nowMs += 50;
    expect(isJudgedAgain()).toBe(true);
  }
  state.nowMs += 50;
  expect(isJudgedAgain()).toBe(false);
});
