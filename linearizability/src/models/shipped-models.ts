import { counter } from "./counter.ts";
import { list } from "./list.ts";
import type { Model } from "./model.ts";
import { register } from "./register.ts";

/** By the names that the command line takes. */
export const shippedModels: Readonly<Record<string, () => Model<unknown>>> = {
  register: () => register,
  counter: () => counter,
  list: () => list(),
};
