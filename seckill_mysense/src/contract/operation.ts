import { z } from "zod";
import { endpoint } from "./endpoint.ts";

export const healthz = endpoint({
  method: "GET",
  path: "/healthz",
  summary: "Answers as long as the process serves requests.",
  ok: z.object({ status: z.literal("ok") }),
});

export const readyz = endpoint({
  method: "GET",
  path: "/readyz",
  summary: "Answers 200 while this process can sell anything, 503 otherwise.",
  ok: z.object({ status: z.literal("ready") }),
  failures: ["gate_unavailable"],
});

export const openapi = endpoint({
  method: "GET",
  path: "/openapi.json",
  summary: "This description.",
  ok: z.object({}).loose(),
});
