import { z } from "zod";
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiResponseObject } from "zod-openapi";
import { bodyFailures, type Endpoint, failureBody, generalFailures } from "./endpoint.ts";
import { endpoints } from "./endpoints.ts";
import { type FailureCode, failures } from "./failures.ts";

const conditions = z.object({
  "if-none-match": z.string().optional().describe("ETags of answers that the client has, or `*`: 304 for one of them."),
  "accept-encoding": z.string().optional().describe("`gzip` gets a compressed answer."),
});
const failure = failureBody.meta({ id: "Failure" });

function responses(endpoint: Endpoint): Record<`${1 | 2 | 3 | 4 | 5}${string}`, ZodOpenApiResponseObject> {
  const content = { [endpoint.okContentType]: { schema: endpoint.ok } };
  const success = endpoint.okStatuses.map((status): [number, ZodOpenApiResponseObject] => [
    status,
    { description: "Success.", ...(status !== 204 && { content }) },
  ]);
  const codes: FailureCode[] = [...endpoint.failures, ...generalFailures, ...(endpoint.body ? bodyFailures : [])];
  const byStatus = Map.groupBy(new Set(codes), (code) => failures[code].status);
  const refusals = [...byStatus].map(([status, sameStatus]): [number, ZodOpenApiResponseObject] => [
    status,
    {
      description: sameStatus.map((code) => `${code}: ${failures[code].message}`).join("\n"),
      content: { "application/json": { schema: failure } },
    },
  ]);
  const known: [number, ZodOpenApiResponseObject] = [
    304,
    { description: "The client has it already, by If-None-Match." },
  ];
  return Object.fromEntries([...success, ...(endpoint.isShared ? [known] : []), ...refusals]);
}

const security = {
  none: {},
  session: { security: [{ session: [] }] },
  sale_token: { security: [{ saleToken: [] }] },
  either: { security: [{ session: [] }, { saleToken: [] }] },
  internal: { security: [{ internalSecret: [] }] },
  program: { security: [{ programKey: [] }] },
} as const satisfies Record<Endpoint["authorization"], Pick<ZodOpenApiOperationObject, "security">>;

function operation(endpoint: Endpoint): ZodOpenApiOperationObject {
  return {
    summary: endpoint.summary,
    ...security[endpoint.authorization],
    requestParams: {
      path: endpoint.params,
      query: endpoint.query,
      ...(endpoint.isShared && { header: conditions }),
    },
    ...(endpoint.body && {
      requestBody: { required: true, content: { "application/json": { schema: endpoint.body } } },
    }),
    responses: responses(endpoint),
  };
}

/** The OpenAPI 3.1 description of an interface, by default of the public one, generated from the endpoint declarations. */
export function openApiDocument(of: Readonly<Record<string, Endpoint>> = endpoints): Record<string, unknown> {
  const byPath = Map.groupBy(Object.values(of), ({ path }) => path.replace(/:(\w+)/g, "{$1}"));
  const paths = [...byPath].map(([path, samePath]) => [
    path,
    Object.fromEntries(samePath.map((endpoint) => [endpoint.method.toLowerCase(), operation(endpoint)])),
  ]);
  const document = createDocument({
    openapi: "3.1.0",
    info: {
      title: "Flash sale",
      version: "0.1.0",
      description: "Sells a scarce stock to a crowd: once, correctly and fast. Each GET may be asked as HEAD, too.",
    },
    paths: Object.fromEntries(paths),
    components: {
      schemas: { Failure: failure },
      securitySchemes: {
        session: { type: "apiKey", in: "cookie", name: "seckill_session" },
        saleToken: { type: "http", scheme: "bearer" },
        internalSecret: { type: "http", scheme: "bearer" },
        programKey: { type: "http", scheme: "bearer" },
      },
    },
  });
  return { ...document };
}
