const { HashRing } = require("hash-ring");
const { startServer } = require("my-redis");

/* global test, expect */
test("a server starts in Jest as it comes", async () => {
  const server = await startServer({ port: 0, memory: true });
  expect(server.url).toBe(`redis://127.0.0.1:${server.port}`);
  expect(new HashRing(["one"]).owner("key")).toBe("one");
  await server.close();
});

test("a server that a test forgot to close does not hold Jest", async () => {
  expect((await startServer({ port: 0, memory: true })).port).toBeGreaterThan(0);
});
