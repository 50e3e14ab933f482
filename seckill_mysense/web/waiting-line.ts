import type { FailureBody } from "../src/contract/endpoint.ts";
import type { WaitingPlace } from "../src/contract/waiting-list.ts";
import { call } from "./api.ts";

/** The buyer's place, or why there is none. */
export type Line = { readonly place: WaitingPlace } | { readonly refused: FailureBody };

export async function joinLine(productID: string): Promise<Line> {
  return lineOf(await call("POST /api/waiting-list", { body: { productID } }));
}

export async function readLine(productID: string): Promise<Line> {
  return lineOf(await call("GET /api/waiting-list", { query: { productID } }));
}

export async function leaveLine(productID: string): Promise<Line> {
  return lineOf(await call("DELETE /api/waiting-list", { query: { productID } }));
}

function lineOf(answer: { readonly ok: WaitingPlace } | { readonly refused: FailureBody }): Line {
  return "ok" in answer ? { place: answer.ok } : { refused: answer.refused };
}
