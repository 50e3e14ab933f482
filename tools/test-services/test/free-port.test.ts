import { expect, test } from "bun:test";
import { createServer } from "node:net";
import { freePort, freePorts, temporaryFolder } from "../index.ts";
import { portIsFree } from "../free-port.ts";

test("a free port can be listened on, and then is free no more", async () => {
  const port = await freePort();
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  expect(await portIsFree(port)).toBe(false);
  await new Promise((resolve) => server.close(resolve));
  expect(await portIsFree(port)).toBe(true);
});

test("of several ports in a row every one is free", async () => {
  const first = await freePort(3);
  for (const step of [0, 1, 2]) expect(await portIsFree(first + step)).toBe(true);
});

test("several free ports differ from each other", async () => {
  const ports = await freePorts(4);
  expect(new Set(ports).size).toBe(4);
  for (const port of ports) expect(await portIsFree(port)).toBe(true);
});

test("two temporary folders with one prefix differ", () => {
  expect(temporaryFolder("same")).not.toBe(temporaryFolder("same"));
});

test("a folder prefix that leads elsewhere is refused", () => {
  expect(() => temporaryFolder("../up")).toThrow(/lower-case letters, digits and hyphens, not "..\/up"/);
});
