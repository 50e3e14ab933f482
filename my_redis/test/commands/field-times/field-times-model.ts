/** The content of a reply: text, an integer, nil, or a list. A map is a list of alternating keys and values. */
export type Value = string | number | null | readonly Value[];

interface Field {
  value: string;
  /** Unix milliseconds; 0 for no expiry. */
  endMs: number;
}

type Hash = Map<string, Field>;

/** Elements in any order. Each consists of `width` values of the reply. */
export interface Unordered {
  readonly unordered: readonly string[];
  readonly width: number;
}

/** A model of the commands on hashes: maps from field to value and expiry. It does not model errors. */
export class FieldTimesModel {
  nowMs: number;
  readonly #hashes = new Map<string, Hash>();

  constructor(nowMs: number) {
    this.nowMs = nowMs;
  }

  /** The hash at a key without its expired fields. For a missing key, an empty hash that is not stored. */
  #hash(key: string): Hash {
    const hash = this.#hashes.get(key) ?? new Map<string, Field>();
    for (const [field, { endMs }] of hash) if (endMs !== 0 && endMs <= this.nowMs) hash.delete(field);
    this.#store(key, hash);
    return hash;
  }

  #store(key: string, hash: Hash): void {
    if (hash.size > 0) this.#hashes.set(key, hash);
    else this.#hashes.delete(key);
  }

  /** Every field of every hash with its value and expiry, in a form that can be compared. */
  state(keys: readonly string[]): string[] {
    return keys.flatMap((key) =>
      [...this.#hash(key)].map(([field, { value, endMs }]) => `${key} ${field} ${value} ${endMs || -1}`),
    );
  }

  run(name: string, key: string, words: readonly string[]): Value | Unordered {
    const hash = this.#hash(key);
    if (name === "COPY" || name === "RENAME") return this.#copy(name, key, words[0] as string);
    if (name === "DEL") return this.#hashes.delete(key) ? 1 : 0;
    const reply = this.#run(name, hash, words);
    this.#store(key, hash);
    return reply;
  }

  #copy(name: string, from: string, to: string): Value {
    const hash = this.#hash(from);
    const copy = new Map([...hash].map(([field, { value, endMs }]) => [field, { value, endMs }]));
    if (name === "RENAME") this.#hashes.delete(from);
    this.#store(to, copy);
    return name === "RENAME" ? "OK" : 1;
  }

  #run(name: string, hash: Hash, words: readonly string[]): Value | Unordered {
    const [first = "", second = ""] = words;
    switch (name) {
      case "HSET":
        return setAll(hash, words, 0);
      case "HSETNX":
        return hash.has(first) ? 0 : setAll(hash, words, 0);
      case "HINCRBY":
        return Number(this.#add(hash, first, Number(second)));
      case "HINCRBYFLOAT":
        return this.#add(hash, first, Number(second));
      case "HDEL":
        return words.filter((field) => hash.delete(field)).length;
      case "HGET":
        return hash.get(first)?.value ?? null;
      case "HMGET":
        return words.map((field) => hash.get(field)?.value ?? null);
      case "HEXISTS":
        return hash.has(first) ? 1 : 0;
      case "HSTRLEN":
        return hash.get(first)?.value.length ?? 0;
      case "HLEN":
        return hash.size;
      case "HGETALL":
        return { unordered: [...hash].map(([field, { value }]) => `${field} ${value}`), width: 2 };
      case "HKEYS":
      case "HRANDFIELD":
      case "HSCAN":
        return { unordered: [...hash.keys()], width: 1 };
      default:
        return this.#runOnTimes(name, hash, words);
    }
  }

  #add(hash: Hash, name: string, summand: number): string {
    const field = hash.get(name) ?? { value: "0", endMs: 0 };
    field.value = String(Number(field.value) + summand);
    hash.set(name, field);
    return field.value;
  }

  /** `words` are the arguments after the key, as they are sent. */
  #runOnTimes(name: string, hash: Hash, words: readonly string[]): Value {
    const fieldsAt = words.indexOf("FIELDS");
    const options = words.slice(0, fieldsAt);
    const fields = words.slice(fieldsAt + 2);
    if (name === "HSETEX") return this.#setEx(hash, options, fields);
    if (name === "HGETEX") return fields.map((field) => this.#getEx(hash, field, options));
    if (name === "HGETDEL") return fields.map((field) => take(hash, field));
    if (name === "HPERSIST") return fields.map((field) => persist(hash.get(field)));
    if (name.includes("TTL") || name.endsWith("TIME")) return fields.map((field) => this.#tell(name, hash.get(field)));
    const endMs = this.#end(unitOf[name] as string, options[0] as string);
    return fields.map((field) => this.#expire(hash, field, endMs, options[1]));
  }

  #end(unit: string, text: string): number {
    return Number(text) * (unit.startsWith("E") ? 1000 : 1) + (unit.endsWith("AT") ? 0 : this.nowMs);
  }

  #expire(hash: Hash, name: string, endMs: number, condition: string | undefined): number {
    const field = hash.get(name);
    if (field === undefined) return -2;
    const allowed: Record<string, boolean> = {
      NX: field.endMs === 0,
      XX: field.endMs !== 0,
      GT: field.endMs !== 0 && endMs > field.endMs,
      LT: field.endMs === 0 || endMs < field.endMs,
    };
    if (condition !== undefined && allowed[condition] === false) return 0;
    field.endMs = endMs;
    if (endMs > this.nowMs) return 1;
    hash.delete(name);
    return 2;
  }

  #tell(name: string, field: Field | undefined): number {
    if (field === undefined) return -2;
    if (field.endMs === 0) return -1;
    const timeMs = field.endMs - (name.endsWith("TTL") ? this.nowMs : 0);
    return name.startsWith("HP") ? timeMs : Math.ceil(timeMs / 1000);
  }

  #getEx(hash: Hash, name: string, [option = "", time = ""]: readonly string[]): Value {
    const field = hash.get(name);
    if (field === undefined) return null;
    if (option === "PERSIST") field.endMs = 0;
    else if (option !== "") this.#expire(hash, name, this.#end(option, time), undefined);
    return field.value;
  }

  #setEx(hash: Hash, options: readonly string[], pairs: readonly string[]): number {
    const names = pairs.filter((_, index) => index % 2 === 0);
    if (options[0] === "FNX" && names.some((name) => hash.has(name))) return 0;
    if (options[0] === "FXX" && !names.every((name) => hash.has(name))) return 0;
    const [option, time = ""] = options.filter((word) => !word.startsWith("F"));
    const kept = new Map(names.map((name) => [name, hash.get(name)?.endMs ?? 0]));
    setAll(hash, pairs, 0);
    for (const name of names) {
      if (option === "KEEPTTL") (hash.get(name) as Field).endMs = kept.get(name) ?? 0;
      else if (option !== undefined) this.#expire(hash, name, this.#end(option, time), undefined);
    }
    return 1;
  }
}

const unitOf: Record<string, string> = { HEXPIRE: "EX", HPEXPIRE: "PX", HEXPIREAT: "EXAT", HPEXPIREAT: "PXAT" };

function setAll(hash: Hash, pairs: readonly string[], endMs: number): number {
  let added = 0;
  for (let index = 0; index < pairs.length; index += 2) {
    const name = pairs[index] as string;
    if (!hash.has(name)) added++;
    hash.set(name, { value: pairs[index + 1] as string, endMs });
  }
  return added;
}

function take(hash: Hash, name: string): Value {
  const value = hash.get(name)?.value ?? null;
  hash.delete(name);
  return value;
}

function persist(field: Field | undefined): number {
  if (field === undefined) return -2;
  if (field.endMs === 0) return -1;
  field.endMs = 0;
  return 1;
}
