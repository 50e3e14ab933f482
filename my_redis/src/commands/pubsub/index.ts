import { publish, spublish } from "./publish.ts";
import { pubsub } from "./pubsub.ts";
import { psubscribe, punsubscribe, ssubscribe, subscribe, sunsubscribe, unsubscribe } from "./subscribe.ts";

export const pubsubCommands = [
  subscribe,
  unsubscribe,
  psubscribe,
  punsubscribe,
  ssubscribe,
  sunsubscribe,
  publish,
  spublish,
  pubsub,
];
