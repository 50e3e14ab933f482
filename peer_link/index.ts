export { type Address, parseAddress } from "./src/address.ts";
export { FrameReader, type FrameReaderOptions, type FrameSizeFailure, type OnFrame } from "./src/frame-reader.ts";
export { RetryPause, type RetryPauseOptions } from "./src/retry-pause.ts";
export { SendBuffer, type SendBufferOptions, type WriteBytes } from "./src/send-buffer.ts";
export { lengthBytes, readUint32, writeUint32 } from "./src/uint32.ts";
