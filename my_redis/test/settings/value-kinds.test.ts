import { describe, expect, test } from "bun:test";
import { type Directive, DirectiveError } from "../../src/settings/directive.ts";
import { directives } from "../../src/settings/directives.ts";
import { Settings } from "../../src/settings/settings.ts";

function read<Value>(directive: Directive<Value>, ...words: string[]): Value {
  return directive.parse(words, { value: directive.default, again: false });
}

describe("values of directives", () => {
  test("memory sizes take Redis's units, in any case", () => {
    const sizes = ["7", "7b", "1k", "1KB", "2m", "2Mb", "1g", "1gb"].map((word) => read(directives.maxmemory, word));
    expect(sizes).toEqual([7, 7, 1000, 1024, 2_000_000, 2_097_152, 1_000_000_000, 1_073_741_824]);
  });

  test("an empty memory size is 0, as in redis-server", () => {
    expect(read(directives.maxmemory, "")).toBe(0);
  });

  test("an invalid memory size is refused", () => {
    for (const word of ["x", "1x", "1 kb", "-1", "1.5gb", "kb", "0x10"]) {
      expect(() => read(directives.maxmemory, word)).toThrow("argument must be a memory value");
    }
    expect(() => read(directives["proto-max-bulk-len"], "1kb")).toThrow(
      "argument must be between 1048576 and 1073741823 inclusive",
    );
    // No key could be that long.
    expect(() => read(directives["proto-max-bulk-len"], "1gb")).toThrow("between 1048576 and 1073741823 inclusive");
  });

  test("integers have no leading zeros, signs, blanks or fractions, and stay within their limits", () => {
    for (const word of ["", "01", "+1", " 1", "1.0", "1e3", "99999999999999999999"]) {
      expect(() => read(directives.timeout, word)).toThrow("argument couldn't be parsed into an integer");
    }
    expect(() => read(directives.port, "65536")).toThrow("argument must be between 0 and 65535 inclusive");
    expect(() => read(directives.port, "-1")).toThrow("argument must be between 0 and 65535 inclusive");
    expect(read(directives["list-max-listpack-size"], "-2147483648")).toBe(-2147483648);
  });

  test("the largest 64-bit integer is shown as it is", () => {
    const directive = directives["hash-max-listpack-entries"];
    expect(directive.print(read(directive, "9223372036854775807"))).toBe("9223372036854775807");
  });

  test("a percentage of memory is shown as one", () => {
    const directive = directives["maxmemory-clients"];
    expect(directive.print(read(directive, "5%"))).toBe("5%");
    expect(() => read(directive, "101%")).toThrow("percentage argument must be less or equal to 100");
    expect(() => read(directive, "x%")).toThrow("argument must be a memory or percent value");
  });

  test("choices are read in any case, and the error lists them", () => {
    expect(read(directives.appendfsync, "ALWAYS")).toBe("always");
    expect(() => read(directives.appendfsync, "sometimes")).toThrow(
      "argument(s) must be one of the following: everysec, always, no",
    );
  });

  test("hz is clamped to 1 to 500", () => {
    expect([read(directives.hz, "0"), read(directives.hz, "50"), read(directives.hz, "9999")]).toEqual([1, 50, 500]);
  });

  test("peers are host:port, separated by blanks or commas", () => {
    expect(read(directives.peers, "10.0.0.1:6379,node-2:7000", "[::1]:6379")).toEqual([
      "10.0.0.1:6379",
      "node-2:7000",
      "[::1]:6379",
    ]);
    for (const word of ["10.0.0.1", "a:0", "a:65536", ":1", "a b:1"]) {
      expect(() => read(directives.peers, word)).toThrow(`'${word}' is not host:port with a port from 1 to 65535`);
    }
  });

  test("classes of keyspace events are put into Redis's order, and A stands for all", () => {
    const events = ["Kgx", "EKA", "AKE$", "g$lshzxetdKE", "nm", ""].map((word) =>
      read(directives["notify-keyspace-events"], word),
    );
    expect(events).toEqual(["gxK", "AKE", "AKE", "AKE", "nm", ""]);
    expect(() => read(directives["notify-keyspace-events"], "q")).toThrow("Invalid event class character");
  });

  test("output limits of classes that are not named stay as they are", () => {
    const limits = read(directives["client-output-buffer-limit"], "pubsub", "1mb", "1kb", "5");
    expect(limits.pubsub).toEqual({ hardBytes: 1_048_576, softBytes: 1024, softSeconds: 5 });
    expect(limits.replica.hardBytes).toBe(256 * 1024 * 1024);
  });
});

describe("settings of an embedding program", () => {
  test("may be given as values or as the text of redis.conf", () => {
    const settings = new Settings({ port: 0, appendonly: true, maxmemory: "1gb" as unknown as number, bind: ["::1"] });
    expect(settings.values.appendonly).toBe(true);
    expect(settings.values.maxmemory).toBe(1_073_741_824);
    expect(settings.print("bind")).toBe("::1");
  });

  test("are checked as those of redis.conf are", () => {
    expect(() => new Settings({ port: 70_000 })).toThrow(
      "port '70000': argument must be between 0 and 65535 inclusive",
    );
    expect(() => new Settings({ port: 1.5 })).toThrow("port '1.5': argument couldn't be parsed into an integer");
    expect(() => new Settings({ appendFsync: "always" } as object)).toThrow("'appendFsync' is not a directive");
    expect(() => new Settings({ "cluster-enabled": true })).toThrow(DirectiveError);
  });

  test("a change that a listener refuses is undone, together with all changes of the same call", () => {
    const settings = new Settings();
    const seen: number[] = [];
    settings.onChange("hz", () => seen.push(settings.values.hz));
    settings.onChange("dir", () => {
      throw new DirectiveError("no");
    });
    let failed = "";
    const change = (): void =>
      settings.change(
        [
          { name: "hz", value: 20 },
          { name: "dir", value: "/x" },
        ],
        (name) => (failed = name),
      );
    expect(change).toThrow("no");
    expect([settings.values.hz, settings.values.dir, failed]).toEqual([10, ".", "dir"]);
    expect(seen).toEqual([20, 10]);
  });
});
