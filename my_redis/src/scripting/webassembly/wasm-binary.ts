/**
 * A position in a WebAssembly binary from which numbers are read (the binary format, section 5 of the specification).
 */
export class WasmCursor {
  readonly bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.bytes = bytes;
    this.at = at;
  }

  byte(): number {
    return this.bytes[this.at++] as number;
  }

  /** An unsigned LEB128 number below 2^32. */
  unsigned(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte();
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  }

  /** Skips a LEB128 number of either kind. */
  skipNumber(): void {
    while (this.byte() >= 128);
  }

  skipNumbers(count: number): void {
    for (let index = 0; index < count; index++) this.skipNumber();
  }

  name(): string {
    const length = this.unsigned();
    this.at += length;
    return String.fromCharCode(...this.bytes.subarray(this.at - length, this.at));
  }
}

export function encodeUnsigned(value: number): number[] {
  const bytes: number[] = [];
  for (; value >= 128; value = Math.floor(value / 128)) bytes.push((value % 128) | 128);
  bytes.push(value);
  return bytes;
}

interface Range {
  readonly start: number;
  readonly end: number;
}

const sections = { import: 2, export: 7, code: 10 };
const functionKind = 0;

/**
 * The parts of a WebAssembly binary that are needed to find functions by name and to insert instructions at their
 * start.
 */
export class WasmBinary {
  readonly #bytes: Uint8Array;
  readonly #sections = new Map<number, Range & { readonly header: number }>();
  /** Function indexes by name. */
  readonly imports = new Map<string, number>();
  readonly exports = new Map<string, number>();
  /** For each function's code in order: from its size field to its end. */
  readonly #bodies: Range[] = [];

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    const cursor = new WasmCursor(bytes, 8);
    while (cursor.at < bytes.length) {
      const header = cursor.at;
      const id = cursor.byte();
      const length = cursor.unsigned();
      this.#sections.set(id, { header, start: cursor.at, end: cursor.at + length });
      cursor.at += length;
    }
    this.#readImports();
    this.#readExports();
    this.#readBodies();
  }

  #section(id: number): { cursor: WasmCursor; count: number } {
    const range = this.#sections.get(id);
    if (range === undefined) throw new Error(`the Lua binary has no section ${id}: it is no WebAssembly as expected`);
    const cursor = new WasmCursor(this.#bytes, range.start);
    return { cursor, count: cursor.unsigned() };
  }

  #readImports(): void {
    const { cursor, count } = this.#section(sections.import);
    for (let index = 0; index < count; index++) {
      cursor.name();
      const name = cursor.name();
      if (cursor.byte() !== functionKind) throw new Error(`the Lua binary imports ${name}, which is no function`);
      cursor.skipNumber();
      this.imports.set(name, index);
    }
  }

  #readExports(): void {
    const { cursor, count } = this.#section(sections.export);
    for (let index = 0; index < count; index++) {
      const name = cursor.name();
      const kind = cursor.byte();
      const target = cursor.unsigned();
      if (kind === functionKind) this.exports.set(name, target);
    }
  }

  #readBodies(): void {
    const { cursor, count } = this.#section(sections.code);
    for (let index = 0; index < count; index++) {
      const start = cursor.at;
      const size = cursor.unsigned();
      cursor.at += size;
      this.#bodies.push({ start, end: cursor.at });
    }
  }

  /** A cursor at the first instruction of a function, and where its code ends. */
  instructions(functionIndex: number): { cursor: WasmCursor; end: number } {
    const body = this.#bodies[functionIndex - this.imports.size];
    if (body === undefined) throw new Error(`the Lua binary has no code for function ${functionIndex}`);
    const cursor = new WasmCursor(this.#bytes, body.start);
    cursor.unsigned();
    for (let groups = cursor.unsigned(); groups > 0; groups--) {
      cursor.unsigned();
      cursor.byte();
    }
    return { cursor, end: body.end };
  }

  /** The number of functions that have code. Their indexes follow those of the imports. */
  get functionCount(): number {
    return this.#bodies.length;
  }

  /** A copy of the binary in which these functions begin with further instructions. */
  withPrologues(prologues: ReadonlyMap<number, readonly number[]>): Uint8Array<ArrayBuffer> {
    const code = this.#sections.get(sections.code) as Range & { readonly header: number };
    const bodies: Uint8Array[] = [Uint8Array.from(encodeUnsigned(this.#bodies.length))];
    for (const [index, body] of this.#bodies.entries()) {
      const functionIndex = index + this.imports.size;
      bodies.push(...this.#bodyWith(functionIndex, body, prologues.get(functionIndex) ?? []));
    }
    const content = concatenate(bodies);
    const header = Uint8Array.from([sections.code, ...encodeUnsigned(content.length)]);
    return concatenate([this.#bytes.subarray(0, code.header), header, content, this.#bytes.subarray(code.end)]);
  }

  #bodyWith(functionIndex: number, body: Range, prologue: readonly number[]): Uint8Array[] {
    if (prologue.length === 0) return [this.#bytes.subarray(body.start, body.end)];
    const size = new WasmCursor(this.#bytes, body.start);
    const grown = Uint8Array.from(encodeUnsigned(size.unsigned() + prologue.length));
    const first = this.instructions(functionIndex).cursor.at;
    const locals = this.#bytes.subarray(size.at, first);
    return [grown, locals, Uint8Array.from(prologue), this.#bytes.subarray(first, body.end)];
  }
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}
