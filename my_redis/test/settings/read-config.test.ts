import { describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../../../tools/test-services/index.ts";
import { loadSettings, readCommandLine, type StartLine } from "../../src/settings/command-line.ts";
import { ConfigReader } from "../../src/settings/read-config.ts";
import { rewriteConfig } from "../../src/settings/rewrite-config.ts";
import { Settings } from "../../src/settings/settings.ts";

function readText(text: string): Settings {
  const settings = new Settings();
  new ConfigReader(settings).readText(text, "file test.conf");
  return settings;
}

function fileOf(folder: string, name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

describe("redis.conf", () => {
  test("is read with comments, blank lines, blanks around, any case and Windows line ends", () => {
    const { values } = readText("# port 1\n\n   PORT 7000  \r\n\tMaxMemory 1GB\n  # hz 20\nappendonly YES\n");
    expect([values.port, values.maxmemory, values.appendonly, values.hz]).toEqual([7000, 1_073_741_824, true, 10]);
  });

  test("takes quotes and escapes as redis-cli does", () => {
    const { values } = readText(`requirepass "a b\\"c\\x41\\n"\nlogfile 'it\\'s'\ndbfilename "x"\n`);
    expect([values.requirepass, values.logfile, values.dbfilename]).toEqual(['a b"cA\n', "it's", "x"]);
  });

  test("takes several words, and several words in one quoted text", () => {
    expect(readText("bind 127.0.0.1 -::1 *").values.bind).toEqual(["127.0.0.1", "-::1", "*"]);
    expect(readText('bind "127.0.0.1 ::1"').values.bind).toEqual(["127.0.0.1", "::1"]);
  });

  test("lets a later line win, but adds up save points", () => {
    const settings = readText("port 1\nport 2\nsave 900 1\nsave 300 10 60 100\n");
    expect(settings.values.port).toBe(2);
    expect(settings.print("save")).toBe("900 1 300 10 60 100");
    expect(readText('save 900 1\nsave ""\n').print("save")).toBe("");
  });

  test("knows directives by their other names, too", () => {
    expect(readText("hash-max-ziplist-entries 7\nlua-time-limit 8").values).toMatchObject({
      "hash-max-listpack-entries": 7,
      "busy-reply-threshold": 8,
    });
  });

  test("is refused with file, line number, line and reason", () => {
    const refusals: [string, string][] = [
      [
        "hz 10\n\nfoo bar",
        "at line 3\n>>> 'foo bar'\nBad directive or wrong number of arguments: there is no directive 'foo'",
      ],
      ["port abc", "at line 1\n>>> 'port abc'\nargument couldn't be parsed into an integer (port takes a whole number"],
      ["port 1 2", "at line 1\n>>> 'port 1 2'\nwrong number of arguments"],
      ["port", "at line 1\n>>> 'port'\nwrong number of arguments"],
      ['dir "/tmp', "Unbalanced quotes in configuration line"],
      ['dir "/tmp"x', "Unbalanced quotes in configuration line"],
      ["maxmemory 1xb", "argument must be a memory value"],
      ["appendonly maybe", "argument must be 'yes' or 'no'"],
      ["appendfsync never", "argument(s) must be one of the following: everysec, always, no"],
      ["appendfilename a/b", "appendfilename can't be a path, just a filename"],
      ["save 60", "Invalid save parameters"],
      ["client-output-buffer-limit normal 1", "Wrong number of arguments in buffer limit configuration."],
      ["databases 0", "argument must be between 1 and"],
      ["peers somewhere", "'somewhere' is not host:port"],
      ["user alice on", "there are no users besides the default one yet"],
      ["tls-protocols TLSv1.4", "'TLSv1.4' is none of TLSv1, TLSv1.1, TLSv1.2, TLSv1.3"],
      ["cluster-enabled yes", "only 'no' is possible: nodes join with self and peers"],
      ["replicaof 127.0.0.1", "wrong number of arguments, or a port that is not from 1 to 65535"],
    ];
    for (const [text, reason] of refusals) {
      expect(() => readText(text)).toThrow("*** FATAL CONFIG FILE ERROR");
      expect(() => readText(text)).toThrow("Reading the configuration file test.conf, ");
      expect(() => readText(text)).toThrow(reason);
    }
  });

  test("warns of what has no effect, but only when it is asked for", () => {
    expect(readText("io-threads 1\nsave ''\n").warnings).toEqual([]);
    expect(readText("io-threads 4").warnings).toEqual([
      "'io-threads' has no effect: one process uses one core; start more nodes to use more",
    ]);
  });

  test("includes other files, by patterns, too, and says which of them is wrong", () => {
    const folder = temporaryFolder("settings");
    mkdirSync(join(folder, "d"));
    fileOf(join(folder, "d"), "2.conf", "hz 30\n");
    fileOf(join(folder, "d"), "1.conf", "hz 20\nport 7001\n");
    fileOf(join(folder, "d"), "other", "bad");
    const main = fileOf(folder, "main.conf", `port 7000\ninclude ${folder}/d/*.conf\ninclude ${folder}/d/none*\n`);
    const settings = new Settings();
    new ConfigReader(settings).readFile(main);
    expect([settings.values.port, settings.values.hz]).toEqual([7001, 30]);
    const wrong = fileOf(folder, "wrong.conf", `include ${folder}/d/other\n`);
    expect(() => new ConfigReader(new Settings()).readFile(wrong)).toThrow(`file ${folder}/d/other, at line 1`);
    const missing = fileOf(folder, "missing.conf", `include ${folder}/nothing.conf\n`);
    expect(() => new ConfigReader(new Settings()).readFile(missing)).toThrow(
      `can't open config file '${folder}/nothing.conf': No such file or directory`,
    );
  });

  test("that includes itself is refused", () => {
    const path = join(temporaryFolder("settings"), "self.conf");
    writeFileSync(path, `include ${path}\n`);
    expect(() => new ConfigReader(new Settings()).readFile(path)).toThrow("files include each other more than 16 deep");
  });
});

describe("the command line", () => {
  const load = (words: string[], input = ""): Settings =>
    loadSettings(readCommandLine(words) as StartLine, () => input);

  test("wins over standard input, which wins over the file", () => {
    const path = fileOf(temporaryFolder("settings"), "r.conf", "port 1\nhz 20\ntimeout 5\n");
    const { values } = load([path, "-", "--port", "3"], "port 2\nhz 30\n");
    expect([values.port, values.hz, values.timeout]).toEqual([3, 30, 5]);
    expect(load([path, "--port", "3", "-"], "hz 40").values.hz).toBe(40);
  });

  test("takes several words for one directive, and words with blanks", () => {
    const { values } = load(["--bind", "127.0.0.1", "-::1", "--requirepass", 'a "b" c', "--save"]);
    expect([values.bind, values.requirepass, values.save]).toEqual([["127.0.0.1", "-::1"], 'a "b" c', []]);
  });

  test("is refused as a file is", () => {
    expect(() => load(["--port"])).toThrow("from the command line, at line 1\n>>> 'port'\nwrong number of arguments");
    expect(() => load(["--hz", "10", "--nosuch", "1"])).toThrow("at line 2\n>>> 'nosuch 1'\nBad directive");
    expect(() => load(["-p", "1"])).toThrow(">>> '-p 1'\nBad directive");
    expect(() => load(["/no/such.conf"])).toThrow("can't open config file '/no/such.conf': No such file or directory");
  });

  test("may ask for help or the version instead", () => {
    const asks = ["-v", "--version", "-h", "--help"].map((word) => readCommandLine([word]).ask);
    expect(asks).toEqual(["version", "version", "help", "help"]);
  });
});

describe("CONFIG REWRITE", () => {
  test("keeps comments and order, replaces values, and adds what is new at the end", () => {
    const settings = readText("# first\nport 7000\n\nsave 900 1\nsave 60 5\n# last\nhz 20\n");
    settings.assign("hz", ["50"]);
    settings.assign("requirepass", ['a "b"']);
    expect(rewriteConfig("# first\nport 7000\n\nsave 900 1\nsave 60 5\n# last\nhz 20\n", settings)).toBe(
      '# first\nport 7000\n\nsave 900 1\nsave 60 5\n# last\nhz 50\n# Generated by CONFIG REWRITE\nrequirepass "a \\"b\\""\n',
    );
  });

  test("gives a file that means the same, whatever the values are, and is stable", () => {
    const settings = readText(
      'requirepass "\\x01 \\"\\\\é"\nbind 127.0.0.1 "-::1"\nclient-output-buffer-limit pubsub 1 2 3\n',
    );
    const text = rewriteConfig("", settings);
    expect(readText(text).values).toEqual(settings.values);
    expect(rewriteConfig(text, settings)).toBe(text);
  });

  test("with defaults has a line for every directive, and means the same", () => {
    const settings = readText("port 7000\n");
    const text = rewriteConfig("", settings, { withDefaults: true });
    expect(readText(text).values).toEqual(settings.values);
    expect(text).toContain("\nhash-max-listpack-entries 512\n");
  });
});
