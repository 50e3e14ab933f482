import { describe, expect, test } from "bun:test";
import {
  type DrandChain,
  drandRoundAfter,
  drandRoundTime,
  type DrandSource,
  type DrandValue,
  MalformedDraw,
  parsePublicValue,
  parseRules,
  publicValueBytes,
  publicValueProblem,
  quicknet,
  sha256,
  signAsWitness,
  witnessMessage,
} from "../index.ts";
import { bytesFrom, hex, opensAt, rulesWith, witnesses, witnessKeys } from "./room.ts";

/** The first chain, and rounds of it: drand/drand-client, test/data.ts. */
const defaultChain: DrandChain = {
  chainHash: "8990e7a9aaed2ffed73dbd7092123d6f289930540d7651336225dc172e51b2ce",
  scheme: "pedersen-bls-chained",
  publicKey: "868f005eb8e6e4ca0a47c8a77ceaa5309a47978a7c71bc5cce96366b5d7a569937c529eeda66c7293784a9402801af31",
  periodSeconds: 30,
  genesisTimeSeconds: 1595431050,
  groupHash: "176f93498eac9ca337150b46d21dd58673ea4e3581185f869672e59fa4cb390a",
  beaconId: "default",
};

/** drand/tlock-js, src/drand/defaults.ts; the round: drand/drand-client, test/beacon-verification.test.ts. */
const unchainedTestnet: DrandChain = {
  chainHash: "7672797f548f3f4748ac4bf3352fc6c6b6468c9ad40ad456a397545c6e2df5bf",
  scheme: "pedersen-bls-unchained",
  publicKey: "8200fc249deb0148eb918d6e213980c5d01acd7fc251900d9260136da3b54836ce125172399ddc69c4e3e11429b62c11",
  periodSeconds: 3,
  genesisTimeSeconds: 1651677099,
  groupHash: "65083634d852ae169e21b6ce5f0410be9ed4cc679b9970236f7875cff667e13d",
  beaconId: "testnet-unchained-3s",
};

interface Round {
  readonly title: string;
  readonly source: DrandSource;
  readonly value: DrandValue;
  readonly randomness: string;
}

const rounds: readonly Round[] = [
  {
    // The round: mcdcam/python-drand-verify, README.md.
    title: "quicknet",
    source: { kind: "drand", ...quicknet, round: 657413 },
    value: {
      kind: "drand",
      signature: "b713718a38ae728dfd477991af2822e08d2f305e47718cef9f7848ce4050e7be41076862b98fad56e91a6b85b89cd97b",
    },
    randomness: "fc1873a13f3545aeade8401532ef5519920652eee6b0d2b19ca12643b87b3587",
  },
  {
    title: "the unchained test network",
    source: { kind: "drand", ...unchainedTestnet, round: 19369534 },
    value: {
      kind: "drand",
      signature:
        "a33833d2098f5e0c4df334fb6c5b1c2de3ab293c77825f55d816254dabf7f4f3d429b6207e1cd2a808876e06058a1f8102bb6f6927b654b391259ea99c3566a4eb55feb9665dbaf9d33af08a10b1d8d8b35d91fd3536eb4c197be0041beb5dc2",
    },
    randomness: "778180564f4fb9b77580af69a559ce941eb23d8d3180c48c4d290484b516c6aa",
  },
  {
    title: "the first chain",
    source: { kind: "drand", ...defaultChain, round: 1000 },
    value: {
      kind: "drand",
      signature:
        "99bf96de133c3d3937293cfca10c8152b18ab2d034ccecf115658db324d2edc00a16a2044cd04a8a38e2a307e5ecff3511315be8d282079faf24098f283e0ed2c199663b334d2e84c55c032fe469b212c5c2087ebb83a5b25155c3283f5b79ac",
      previousSignature:
        "af0d93299a363735fe847f5ea241442c65843dc1bd3a7b79646b3b10072e908bf034d35cd69d378e3341f139100cd4cd03030399864ef8803a5a4f5e64fccc20bbae36d1ca22a6ddc43d2630c41105e90598fab11e5c7456df3925d4b577b113",
    },
    randomness: "a40d3e0e7e3c71f28b7da2fd339f47f0bcf10910309f5253d7c323ec8cea3212",
  },
  {
    title: "the first round of the first chain",
    source: { kind: "drand", ...defaultChain, round: 1 },
    value: {
      kind: "drand",
      signature:
        "8d61d9100567de44682506aea1a7a6fa6e5491cd27a0a0ed349ef6910ac5ac20ff7bc3e09d7c046566c9f7f3c6f3b10104990e7cb424998203d8f7de586fb7fa5f60045417a432684f85093b06ca91c769f0e7ca19268375e659c2a2352b4655",
      previousSignature: defaultChain.groupHash,
    },
    randomness: "101297f1ca7dc44ef6088d94ad5fb7ba03455dc33d53ddb412bbc4564ed986ec",
  },
];

const [rules, root] = [bytesFrom("rules"), bytesFrom("root")];

/** Rules whose entry closes one second before the round. */
const rulesFor = (source: DrandSource) =>
  rulesWith({ opensAt: 0, closesAt: drandRoundTime(source) - 1000, publicValue: source });

describe("a round of drand", () => {
  test.each([...rounds])("of $title holds, and its hash is the randomness", ({ source, value, randomness }) => {
    const parsed = parsePublicValue("publicValue", value, source);
    expect(publicValueProblem({ source, value: parsed, rules, root })).toBeUndefined();
    expect(hex(sha256(publicValueBytes(parsed)))).toBe(randomness);
  });

  test.each([...rounds.slice(0, 3)])("of $title does not hold as another round", ({ source, value }) => {
    const other = { ...source, round: source.round + 1 };
    expect(publicValueProblem({ source: other, value, rules, root })).toStartWith("the signature is not that of round");
  });

  test.each([...rounds.slice(0, 3)])("of $title does not hold with a changed signature", ({ source, value }) => {
    const signature = value.signature.replace(/.$/, (last) => (last === "0" ? "1" : "0"));
    expect(publicValueProblem({ source, value: { ...value, signature }, rules, root })).toBeDefined();
  });

  test("of another chain does not hold", () => {
    const [source, value] = [(rounds[1] as Round).source, (rounds[2] as Round).value];
    expect(publicValueProblem({ source, value, rules, root })).toBeDefined();
  });

  test.each([quicknet, unchainedTestnet, defaultChain])("the chain $beaconId has the hash of its facts", (chain) => {
    const source: DrandSource = { kind: "drand", ...chain, round: 10_000_000 };
    expect(parseRules(rulesFor(source))).toEqual(rulesFor(source));
    const others = { periodSeconds: 4, genesisTimeSeconds: 1, groupHash: hex(root), beaconId: "other" };
    for (const [name, other] of Object.entries(others)) {
      const changed = rulesFor({ ...source, [name]: other });
      expect(() => parseRules({ ...changed, closesAt: 5 })).toThrow("but the other fields make");
    }
  });

  test("must come after the entry closes: who knows it before can choose the entries", () => {
    const source: DrandSource = { kind: "drand", ...quicknet, round: 1000 };
    const rules = { ...rulesFor(source), closesAt: drandRoundTime(source) };
    expect(() => parseRules(rules)).toThrow(/round is 1000, which comes at \d+, and .* it must come later/);
  });

  test("must have a date", () => {
    const source: DrandSource = { kind: "drand", ...quicknet, round: 2 ** 42 };
    expect(() => parseRules({ ...rulesFor(source), closesAt: 5 })).toThrow("which is too far in the future");
  });

  test("is found by its time", () => {
    for (const time of [opensAt, opensAt + 1, opensAt + 2999, quicknet.genesisTimeSeconds * 1000, 0]) {
      const round = drandRoundAfter(quicknet, time);
      expect(drandRoundTime({ ...quicknet, round })).toBeGreaterThan(time);
      if (round > 1) expect(drandRoundTime({ ...quicknet, round: round - 1 })).toBeLessThanOrEqual(time);
    }
  });
});

describe("witnesses", () => {
  const signatures = witnessKeys.map((key) => signAsWitness(witnessMessage(rules, root), key));
  const problem = (changed: readonly string[], theRoot = root) =>
    publicValueProblem({ source: witnesses, value: { kind: "witnesses", signatures: changed }, rules, root: theRoot });

  test("must all sign this root for these rules", () => {
    expect(problem(signatures)).toBeUndefined();
    expect(problem(signatures, bytesFrom("another root"))).toContain('"A notary" has not signed');
    const otherRules = signAsWitness(witnessMessage(bytesFrom("other"), root), witnessKeys[1] as Uint8Array);
    expect(problem([signatures[0] as string, otherRules])).toContain('"A newspaper" has not signed');
    expect(problem([signatures[1] as string, signatures[0] as string])).toBeDefined();
  });

  test("cannot sign with the point at infinity, which anybody could", () => {
    const [key, signature] = [`c0${"00".repeat(95)}`, `c0${"00".repeat(47)}`];
    const nobody = { kind: "witnesses", witnesses: [{ name: "Nobody", key }] } as const;
    expect(() => parseRules(rulesWith({ publicValue: nobody }))).toThrow("is not a point of G2");
    const value = { kind: "witnesses", signatures: [signature] } as const;
    expect(publicValueProblem({ source: nobody, value, rules, root })).toBeDefined();
  });

  test("must be different ones", () => {
    const twice = { ...witnesses, witnesses: [witnesses.witnesses[0]!, { ...witnesses.witnesses[0]!, name: "Other" }] };
    expect(() => parseRules(rulesWith({ publicValue: twice }))).toThrow(/has the key .* twice/);
  });

  test("give one signature each", () => {
    const value = { kind: "witnesses", signatures: signatures.slice(1) };
    expect(() => parsePublicValue("publicValue", value, witnesses)).toThrow(MalformedDraw);
  });
});

test("a value of another kind than the rules ask for is refused", () => {
  expect(() => parsePublicValue("publicValue", { kind: "none" }, witnesses)).toThrow('it must be "witnesses"');
});
