import { encodeCommand } from "../differential/harness/resp-connection.ts";
import { generateRequest, generateWords } from "./generated-requests.ts";
import type { SeededRandom } from "../../../tools/seeded-random.ts";

const lengths = [
  "0",
  "-1",
  "-2",
  "1",
  "3",
  "00",
  "-0",
  "+1",
  "1048577",
  "536870913",
  "2147483648",
  "99999999999999999999",
  "",
  "x",
  "1 ",
];
const ends = ["\r\n", "\n", "\r", "\rX", "", "\0\n"];

type Break = (random: SeededRandom) => Uint8Array;

/** Ways to send no valid request, an almost valid one, or one without exactly one reply. */
const breaks: readonly Break[] = [
  (random) => flipBits(random, harmlessRequest(random)),
  (random) => cut(random, harmlessRequest(random)),
  (random) => Buffer.concat([cut(random, harmlessRequest(random)), harmlessRequest(random)]),
  (random) => headers(random),
  (random) => otherLineEnds(random),
  (random) => inlineRequest(random),
  (random) => random.bytes(random.below(200)),
  (random) => encodeCommand([random.pick(["SUBSCRIBE", "PSUBSCRIBE", "UNSUBSCRIBE", "PUNSUBSCRIBE"]), "f", "g*", "h"]),
  (random) => encodeCommand(["CLIENT", "REPLY", random.pick(["ON", "OFF", "SKIP"])]),
  () => encodeCommand(["QUIT"]),
  (random) => Buffer.from(`*${random.below(5)}\r\n`.repeat(1 + random.below(2000))),
  (random) => Buffer.from(`${"x".repeat(random.below(70_000))}\r\n`),
];

export const generateBrokenBytes = (random: SeededRandom): Uint8Array => random.pick(breaks)(random);

/**
 * A request that is harmless even if it is changed. Scripts are excluded, because one with a changed byte may never
 * end.
 */
function harmlessRequest(random: SeededRandom): Uint8Array {
  for (;;) {
    const words = generateWords(random);
    if (!["EVAL", "SELECT", "SWAPDB", "CONFIG"].includes(String(words[0]))) return encodeCommand(words);
  }
}

function flipBits(random: SeededRandom, bytes: Uint8Array): Uint8Array {
  const flipped = bytes.slice();
  for (let count = 1 + random.below(4); count > 0; count--) {
    const at = random.below(flipped.length);
    flipped[at] = (flipped[at] as number) ^ (1 << random.below(8));
  }
  return flipped;
}

const cut = (random: SeededRandom, bytes: Uint8Array): Uint8Array => bytes.subarray(0, random.below(bytes.length));

/** Headers with lengths that are wrong, negative or far too large. */
function headers(random: SeededRandom): Uint8Array {
  const words = `$${random.pick(lengths)}${random.pick(ends)}GET${random.pick(ends)}$${random.pick(lengths)}\r\nkey\r\n`;
  return Buffer.from(`*${random.pick(lengths)}${random.pick(ends)}${words}`, "latin1");
}

/** A whole SET whose lines end in any two bytes, which redis-server accepts because it reads only the lengths. */
function otherLineEnds(random: SeededRandom): Uint8Array {
  const end = (): string => random.pick(["\r\n", "\r\n", "ab", "\n\r", "*1", "$3"]);
  return Buffer.from(`*3\r\n$3\r\nSET${end()}$5\r\nkey:1${end()}$4\r\nodd!${end()}`, "latin1");
}

function inlineRequest(random: SeededRandom): Uint8Array {
  const words = generateWords(random).map((word) =>
    typeof word === "object" ? Buffer.from(word).toString("latin1") : String(word),
  );
  if (words[0] === "EVAL") return generateRequest(random);
  const quote = random.pick(["", '"', "'"]);
  return Buffer.from(
    `${words.map((word) => `${quote}${word}${quote}`).join(" ")}${random.pick(["\r\n", "\n"])}`,
    "latin1",
  );
}
