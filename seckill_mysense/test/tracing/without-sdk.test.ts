import { expect, test } from "bun:test";
import type { AcceptedReservation } from "../../src/domain/reservation.ts";
import { decodeReservation, encodeReservation } from "../../src/queue/reservation-codec.ts";
import { activeTraceparent, traceCall, traceMessages, traceRequest } from "../../src/tracing/tracing.ts";

const reservation: AcceptedReservation = {
  reservationId: "r1",
  saleId: "spring",
  productId: "lamp",
  userId: "ada",
  epoch: 1,
  acceptedAtMs: 1_700_000_000_000,
};
const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const text = (message: AcceptedReservation): string => Buffer.from(encodeReservation(message)).toString();
const body = (fields: object): Uint8Array => Buffer.from(JSON.stringify({ version: 1, ...reservation, ...fields }));

test("without a trace a queue message is what it was before there were traces", () => {
  expect(text(reservation)).toBe(
    '{"version":1,"reservationId":"r1","saleId":"spring","productId":"lamp","userId":"ada","epoch":1,"acceptedAtMs":1700000000000}',
  );
  expect(decodeReservation(body({}))).toEqual(reservation);
});

test("a trace is one more field of the message", () => {
  const message = encodeReservation({ ...reservation, traceparent });
  expect(JSON.parse(Buffer.from(message).toString())).toEqual({ version: 1, ...reservation, traceparent });
  expect(decodeReservation(message)).toEqual({ ...reservation, traceparent });
});

test("a trace that is no trace costs nobody the unit", () => {
  for (const wrong of [7, null, {}, "x".repeat(65)]) {
    expect(decodeReservation(body({ traceparent: wrong }))).toEqual(reservation);
  }
});

test("without an SDK work is only done, and a trace of others goes on as it came", async () => {
  const request = new Request("http://localhost/check", { headers: { traceparent } });
  const response = new Response();
  expect(traceRequest({ request, route: "/check", isTrusted: true }, () => response)).toBe(response);
  expect(
    await traceCall(
      "call",
      () => ({}),
      async () => activeTraceparent() ?? "no trace",
    ),
  ).toBe("no trace");
  const messages = [reservation, { ...reservation, traceparent }];
  const seen = await traceMessages({ name: "publish", kind: "producer" }, messages, async (traced) => [...traced]);
  expect(seen).toEqual(messages);
});
