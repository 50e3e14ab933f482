import { z } from "zod";
import { endpoint } from "./endpoint.ts";

export const healthz = endpoint({
  method: "GET",
  path: "/healthz",
  summary: "Answers as long as the process serves requests.",
  ok: z.object({ status: z.literal("ok") }),
});

const partHealth = z.object({
  name: z.string(),
  status: z.enum(["ok", "degraded", "down"]),
  since: z.string().describe("When it took this status, ISO 8601."),
  reason: z.string().optional().describe("Why it is not ok."),
});

export const readyz = endpoint({
  method: "GET",
  path: "/readyz",
  summary: "Answers 200 while the gateway can sell anything, 503 otherwise, and names what is not well.",
  ok: z.object({
    status: z.enum(["ready", "degraded"]).describe("degraded: /check works, but something is late or missing."),
    parts: z.array(partHealth),
    products: z
      .array(z.object({ sale: z.string(), product: z.string(), problem: z.string() }))
      .describe("The first products that cannot be sold because of a problem."),
    productsNotWell: z.number().int().describe("How many such products there are."),
  }),
  failures: ["gate_unavailable"],
});

export const metrics = endpoint({
  method: "GET",
  path: "/metrics",
  summary: "Counters and histograms in the Prometheus text format.",
  ok: z.string(),
  okContentType: "text/plain; version=0.0.4; charset=utf-8",
});

export const openapi = endpoint({
  method: "GET",
  path: "/openapi.json",
  summary: "This description.",
  ok: z.object({}).loose(),
});
