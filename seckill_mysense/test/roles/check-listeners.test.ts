import { describe, expect, test } from "bun:test";
import type { Role } from "../../src/roles/task.ts";
import { checkListeners } from "../../src/roles/check-listeners.ts";
import { checkSettings } from "../../src/settings/load-settings.ts";

const secret = "some-secret-0123456789-abcdefghijklmnopqrs";
const programs = [{ name: "shop", key: "key-of-the-shop-0123456789-abcdefghijklm" }];

function check(role: Role, parts: Record<string, object>): void {
  const backend = { api_secret: secret, internal_secret: `${secret}-inside`, ...parts["backend"] };
  checkListeners(role, checkSettings({ ...parts, backend }, "/"));
}

describe("listeners of one process", () => {
  test("on one address stop the start, and both settings are named", () => {
    const cases: [Role, Record<string, object>, string][] = [
      [
        "all",
        { operations: { port: 8080 } },
        "operations.port is 8080 on 127.0.0.1, the same as backend.api_port on 0.0.0.0: each listener needs a port of its own",
      ],
      [
        "gateway",
        { operations: { host: "0.0.0.0", port: 8080 }, backend: { host: "10.0.0.1" } },
        "on 0.0.0.0, the same",
      ],
      [
        "gateway",
        { operations: { host: "::1", port: 8080 }, backend: { host: "::" } },
        "operations.port is 8080 on ::1",
      ],
      ["all", { operations: { port: 8080 }, backend: { host: "::" } }, "the same as backend.api_port on ::"],
      [
        "all",
        { operations: { host: "localhost", port: 8080 }, backend: { host: "127.0.0.1" } },
        "on localhost, the same",
      ],
      ["admin", { operations: { port: 8081 }, admin: { secret: `${secret}-admin` } }, "the same as admin.port"],
      ["quantity", { operations: { port: 8082 }, quantity: { programs } }, "the same as quantity.port"],
      ["gateway", { operations: { port: 9080 }, gateways: { self: "127.0.0.1:9080" } }, "the same as gateways.self"],
      [
        "all",
        { backend: { api_port: 8082 }, quantity: { programs } },
        "quantity.port is 8082 on 127.0.0.1, the same as",
      ],
    ];
    for (const [role, parts, words] of cases) expect(() => check(role, parts)).toThrow(words);
  });

  test("on different addresses, on any free port, or of other roles are no mistake", () => {
    const cases: [Role, Record<string, object>][] = [
      ["all", {}],
      ["all", { operations: { port: 8083 } }],
      ["all", { operations: { port: 8080 }, backend: { host: "10.0.0.1" } }],
      ["gateway", { operations: { host: "::1", port: 8080 }, backend: { host: "0.0.0.0" } }],
      ["all", { operations: { port: 0 }, backend: { api_port: 0 } }],
      ["consumer", { operations: { port: 8080 } }],
      ["all", { operations: { port: 8081 } }],
      ["gateway", { operations: { port: 8082 }, quantity: { programs } }],
    ];
    for (const [role, parts] of cases) check(role, parts);
  });
});
