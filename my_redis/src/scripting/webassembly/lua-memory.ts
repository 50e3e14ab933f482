const pageBytes = 65536;

/** The memory of one VM, with views that stay valid when it grows. */
export class LuaMemory {
  /** All of the memory. Read this field again after any call into Lua, because growing replaces it. */
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  words: Uint32Array<ArrayBuffer> = new Uint32Array(0);
  readonly limitBytes: number;
  #memory: WebAssembly.Memory | undefined;
  /** The memory was asked to grow since this was last set to false. */
  grown = false;
  /** A request to grow was refused. */
  exhausted = false;

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  attach(memory: WebAssembly.Memory): void {
    this.#memory = memory;
    this.#refresh();
  }

  get size(): number {
    return this.bytes.length;
  }

  /**
   * Makes the memory at least this large, and a fifth larger than before where the limit allows it. Returns false when
   * the limit forbids it; Lua then raises "not enough memory".
   */
  grow(neededBytes: number): boolean {
    this.grown = true;
    const memory = this.#memory as WebAssembly.Memory;
    const size = memory.buffer.byteLength;
    const wanted = Math.max(neededBytes, Math.min(size * 1.2, this.limitBytes));
    if (neededBytes > this.limitBytes || !growBy(memory, Math.ceil((wanted - size) / pageBytes))) {
      this.exhausted = true;
      return false;
    }
    this.#refresh();
    return true;
  }

  word(address: number): number {
    return this.words[address >>> 2] as number;
  }

  setWord(address: number, value: number): void {
    this.words[address >>> 2] = value;
  }

  /** The text of a C string, one character per byte. */
  cString(address: number): string {
    const end = this.bytes.indexOf(0, address);
    return this.latin1(address, end - address);
  }

  /** Bytes as text, one character per byte. */
  latin1(address: number, length: number): string {
    return Buffer.from(this.bytes.buffer, address, length).toString("latin1");
  }

  #refresh(): void {
    const buffer = (this.#memory as WebAssembly.Memory).buffer;
    this.bytes = new Uint8Array(buffer);
    this.words = new Uint32Array(buffer);
  }
}

function growBy(memory: WebAssembly.Memory, pages: number): boolean {
  try {
    memory.grow(pages);
    return true;
  } catch {
    return false;
  }
}
