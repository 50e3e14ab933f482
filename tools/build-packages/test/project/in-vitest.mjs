import { HashRing } from "hash-ring";
import { startServer } from "my-redis";

/* global test, expect */
test("a server starts in Vitest as it comes", async () => {
  const server = await startServer({ port: 0, memory: true });
  expect(server.url).toBe(`redis://127.0.0.1:${server.port}`);
  expect(new HashRing(["one"]).owner("key")).toBe("one");
  await server.close();
});
