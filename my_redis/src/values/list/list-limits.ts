/** Bytes that Redis counts for a packed list besides its elements. */
export const packedListOverheadBytes = 7;
const sizesOfLevels = [4096, 8192, 16384, 32768, 65536];
/** Without this, nodes of long elements could become very large under a limit by elements. */
export const maxCountedNodeBytes = 8192;

/**
 * The maximum size of a packed list, or of a chunk of a large list: in bytes or in elements, depending on the setting.
 */
export class ListLimits {
  /** Infinity when the limit is one of elements. */
  readonly maxBytes: number;
  /** Infinity when the limit is one of bytes. */
  readonly maxCount: number;

  /** `setting` is list-max-listpack-size: elements when positive; -1 to -5 mean 4 to 64 KiB. */
  constructor(setting: number) {
    this.maxBytes = setting < 0 ? (sizesOfLevels[Math.min(-setting, sizesOfLevels.length) - 1] as number) : Infinity;
    this.maxCount = setting < 0 ? Infinity : Math.max(setting, 1);
  }

  /** Whether so many bytes and elements are too much for one piece. */
  exceeded(elementBytes: number, count: number): boolean {
    const bytes = elementBytes + packedListOverheadBytes;
    return (
      bytes > this.maxBytes || (this.maxCount !== Infinity && (bytes > maxCountedNodeBytes || count > this.maxCount))
    );
  }

  /** Whether a piece is at most half as large as allowed: then a list of one chunk is packed again. */
  isWellBelow(elementBytes: number, count: number): boolean {
    return elementBytes + packedListOverheadBytes <= this.maxBytes / 2 && count <= Math.floor(this.maxCount / 2);
  }

  /** Bytes of the block for a chunk that is going to be filled. */
  get chunkBytes(): number {
    return this.maxBytes === Infinity ? 512 : this.maxBytes;
  }
}

let current = new ListLimits(-2);
let currentSetting = -2;

/** The limits for a value of list-max-listpack-size. */
export function listLimits(setting: number): ListLimits {
  if (setting !== currentSetting) {
    current = new ListLimits(setting);
    currentSetting = setting;
  }
  return current;
}
