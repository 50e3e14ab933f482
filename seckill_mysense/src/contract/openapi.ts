import { z } from "zod";
import { bodyFailures, type Endpoint, failureBody, generalFailures } from "./endpoint.ts";
import { endpoints } from "./endpoints.ts";
import { type FailureCode, failures } from "./failures.ts";

type Json = Record<string, unknown>;

function jsonSchema(schema: z.ZodType, io: "input" | "output"): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: "any" });
  return rest;
}

function parameters(schema: z.ZodObject, location: "path" | "query"): Json[] {
  return Object.entries(schema.shape).map(([name, field]) => ({
    name,
    in: location,
    required: location === "path" || !field.safeParse(undefined).success,
    schema: jsonSchema(field as z.ZodType, "input"),
  }));
}

function responses(endpoint: Endpoint): Json {
  const content = { [endpoint.okContentType]: { schema: jsonSchema(endpoint.ok, "output") } };
  const answers: Json = {};
  for (const status of endpoint.okStatuses) {
    answers[status] = { description: "Success.", ...(status === 204 ? {} : { content }) };
  }
  const codes: FailureCode[] = [...endpoint.failures, ...generalFailures, ...(endpoint.body ? bodyFailures : [])];
  const byStatus = Map.groupBy(new Set(codes), (code) => failures[code].status);
  for (const [status, sameStatus] of byStatus) {
    answers[status] = {
      description: sameStatus.map((code) => `${code}: ${failures[code].message}`).join("\n"),
      content: { "application/json": { schema: { $ref: "#/components/schemas/Failure" } } },
    };
  }
  return answers;
}

const security = {
  none: {},
  session: { security: [{ session: [] }] },
  sale_token: { security: [{ saleToken: [] }] },
  either: { security: [{ session: [] }, { saleToken: [] }] },
  internal: { security: [{ internalSecret: [] }] },
} as const satisfies Record<Endpoint["authorization"], Json>;

function operation(endpoint: Endpoint): Json {
  return {
    summary: endpoint.summary,
    ...security[endpoint.authorization],
    parameters: [...parameters(endpoint.params, "path"), ...parameters(endpoint.query, "query")],
    ...(endpoint.body && {
      requestBody: { required: true, content: { "application/json": { schema: jsonSchema(endpoint.body, "input") } } },
    }),
    responses: responses(endpoint),
  };
}

/** The OpenAPI 3.1 description of the public interface, derived from the endpoint declarations. */
export function openApiDocument(): Json {
  const paths: Record<string, Json> = {};
  for (const endpoint of Object.values(endpoints)) {
    const path = endpoint.path.replace(/:(\w+)/g, "{$1}");
    (paths[path] ??= {})[endpoint.method.toLowerCase()] = operation(endpoint);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Flash sale",
      version: "0.1.0",
      description: "Sells a scarce stock to a crowd: once, correctly and fast.",
    },
    paths,
    components: {
      schemas: { Failure: jsonSchema(failureBody, "output") },
      securitySchemes: {
        session: { type: "apiKey", in: "cookie", name: "seckill_session" },
        saleToken: { type: "http", scheme: "bearer" },
        internalSecret: { type: "http", scheme: "bearer" },
      },
    },
  };
}
