import type { Connect, TransportSocket } from "../../network/transport.ts";
import { nodeAddress } from "../node-address.ts";
import { WelcomeReader, type WelcomeOutcome } from "./welcome-reader.ts";

export interface WelcomeRequest {
  readonly connect: Connect;
  readonly name: string;
  readonly greeting: Uint8Array;
  readonly timeoutMs: number;
}

export type GreetingOutcome = Exclude<WelcomeOutcome, { name: "incomplete" }>;

/** Greets whoever listens at an address, only to hear who that is. `answered` is called once, later. */
export function askForWelcome(
  { connect, name, greeting, timeoutMs }: WelcomeRequest,
  answered: (outcome: GreetingOutcome) => void,
): void {
  const reader = new WelcomeReader();
  let socket: TransportSocket | undefined;
  let isOver = false;
  const end = (outcome: GreetingOutcome): void => {
    if (isOver) return;
    isOver = true;
    clearTimeout(timer);
    socket?.terminate();
    answered(outcome);
  };
  const fail = (reason: string): void => end({ name: "refused", reason });
  const timer = setTimeout(() => fail(`no answer for ${timeoutMs} ms`), timeoutMs);
  const handlers = {
    open: (opened: TransportSocket): void => {
      socket = opened;
      if (isOver) queueMicrotask(() => opened.terminate());
      else if (opened.write(greeting, 0, greeting.length) < greeting.length) fail("it took no greeting");
    },
    data: (_: void, chunk: Uint8Array): void => {
      const outcome = reader.feed(chunk);
      if (outcome.name !== "incomplete") end(outcome);
    },
    drain: (): void => {},
    close: (): void => fail("it closed the connection"),
  };
  connect(nodeAddress(name), handlers).catch((error: unknown) => {
    fail(error instanceof Error ? error.message : String(error));
  });
}
