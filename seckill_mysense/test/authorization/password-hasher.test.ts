import { describe, expect, spyOn, test } from "bun:test";
import { HasherOverloaded, PasswordHasher } from "../../src/authorization/password-hasher.ts";

/** The cheapest parameters of argon2id: these tests are about the order of requests, not about strength. */
const cheap = { memoryKib: 8, passes: 1 };

describe("the password hasher", () => {
  test("recognises the password of a hash, and no other", async () => {
    const hasher = new PasswordHasher({ concurrency: 2, maxWaiting: 8, ...cheap });
    const hash = await hasher.hash("correct horse battery");
    expect(await hasher.verify("correct horse battery", hash)).toBe(true);
    expect(await hasher.verify("correct horse batterY", hash)).toBe(false);
  });

  test("finds nothing right where there is no user", async () => {
    const hasher = new PasswordHasher({ concurrency: 1, maxWaiting: 8, ...cheap });
    expect(await hasher.verify("anything", undefined)).toBe(false);
  });

  test("does the same work where there is no user, so that the time does not tell", async () => {
    const hasher = new PasswordHasher({ concurrency: 1, maxWaiting: 8, ...cheap });
    // The first time it makes the hash that it compares with.
    await hasher.verify("anything", undefined);
    const verify = spyOn(Bun.password, "verify");
    try {
      await hasher.verify("anything", undefined);
      expect(verify).toHaveBeenCalledTimes(1);
    } finally {
      verify.mockRestore();
    }
  });

  test("refuses at once what would wait behind too many, and takes more when they are done", async () => {
    const hasher = new PasswordHasher({ concurrency: 1, maxWaiting: 2, ...cheap });
    const taken = ["a", "b", "c"].map((password) => hasher.hash(password));
    await expect(hasher.hash("d")).rejects.toBeInstanceOf(HasherOverloaded);
    expect(await Promise.all(taken)).toHaveLength(3);
    expect(await hasher.hash("e")).toStartWith("$argon2id$");
  });

  test("a failure gives its turn to the next", async () => {
    const hasher = new PasswordHasher({ concurrency: 1, maxWaiting: 2, ...cheap });
    const failing = hasher.verify("password", "not a hash");
    const next = hasher.hash("password");
    await expect(failing).rejects.toThrow();
    expect(await next).toStartWith("$argon2id$");
  });
});
