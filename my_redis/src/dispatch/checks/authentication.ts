import { Refusal } from "../outcome.ts";
import type { RequestCheck } from "./request-check.ts";

const refusal = new Refusal("NOAUTH Authentication required.");

const judge: NonNullable<RequestCheck<"authentication">["within"]> = ({ client }, { flagSet }) =>
  client.authenticated || flagSet.has("no_auth") ? "run" : refusal;

/** A client that has not given the password may only use commands with the flag "no_auth". */
export const authentication: RequestCheck<"authentication"> = {
  name: "authentication",
  arriving: judge,
  within: judge,
};
