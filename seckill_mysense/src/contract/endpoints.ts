import {
  createSession,
  deleteSession,
  deleteSessions,
  readSession,
  readWorkChallenge,
  registerUser,
} from "./accounts.ts";
import { check, checkByGet } from "./check.ts";
import type { Endpoint } from "./endpoint.ts";
import { readInvited, useInvitationCode } from "./invitation-codes.ts";
import { healthz, openapi, readyz } from "./operation.ts";
import { cancelOrder, listOrders, payOrder } from "./orders.ts";
import { readReservation, watchReservation } from "./reservations.ts";
import { paymentCallback } from "./payments.ts";
import {
  enterRoom,
  readRoom,
  readRoomDisclosure,
  readRoomHeads,
  readRoomRules,
  readRoomWork,
  watchRoom,
} from "./rooms.ts";
import { listSales, readSale, readSaleDescription, readSaleLive } from "./sales.ts";
import { issueToken } from "./tokens.ts";
import { joinWaitingList, leaveWaitingList, readWaitingPlace } from "./waiting-list.ts";

/** Every endpoint of the public interface. */
export const endpoints = {
  "GET /check": checkByGet,
  "POST /check": check,
  "POST /api/users": registerUser,
  "POST /api/session": createSession,
  "GET /api/session": readSession,
  "DELETE /api/session": deleteSession,
  "DELETE /api/sessions": deleteSessions,
  "GET /api/work": readWorkChallenge,
  "GET /api/sales": listSales,
  "GET /api/sales/:id": readSale,
  "GET /api/sales/:id/description": readSaleDescription,
  "GET /api/sales/:id/live": readSaleLive,
  "POST /api/token": issueToken,
  "POST /api/invitation-code": useInvitationCode,
  "GET /api/invitation-code": readInvited,
  "POST /api/room": enterRoom,
  "GET /api/room": readRoom,
  "GET /api/room/work": readRoomWork,
  "GET /api/room/events": watchRoom,
  "GET /api/room/rules": readRoomRules,
  "GET /api/room/heads": readRoomHeads,
  "GET /api/room/disclosure": readRoomDisclosure,
  "GET /api/reservations/:id": readReservation,
  "GET /api/reservations/:id/events": watchReservation,
  "GET /api/orders": listOrders,
  "POST /api/orders/:id/pay": payOrder,
  "POST /api/orders/:id/cancel": cancelOrder,
  "POST /api/waiting-list": joinWaitingList,
  "GET /api/waiting-list": readWaitingPlace,
  "DELETE /api/waiting-list": leaveWaitingList,
  "POST /api/payments/callback": paymentCallback,
  "GET /healthz": healthz,
  "GET /readyz": readyz,
  "GET /openapi.json": openapi,
} as const satisfies Record<string, Endpoint>;

export type Endpoints = typeof endpoints;
