/** How a client's replies leave; commands never see the socket behind it. */
export interface ClientChannel {
  readonly remoteAddress: string;
  readonly localAddress: string;
  /** Bytes written and not yet taken by the client. */
  readonly pendingBytes: number;
  /** Bytes received of a request that is not complete. */
  readonly heldBytes: number;
  /** Closes at once; what has not been sent is dropped. */
  kill(): void;
  /** Closes once everything written before has been sent. */
  closeAfterReplies(): void;
  /** Reads no more requests until `resume`: for a blocked client. */
  pause(): void;
  /** Goes on with what the client sent meanwhile. */
  resume(): void;
  /** From now on what arrives is for this reader: the other end is a node, and no client any more. */
  takeOver?(reader: ChannelReader): RawChannel;
}

/** Takes the bytes of a channel as they come. */
export interface ChannelReader {
  /** The chunk is valid only during the call. */
  data(chunk: Uint8Array): void;
  /** More can be written. */
  drain(): void;
  closed(): void;
}

/** A channel that has been taken over. */
export interface RawChannel {
  /** Gives how many of bytes[start, end) were taken; the rest is to be offered again after `drain`. */
  write(bytes: Uint8Array, start: number, end: number): number;
  /** Takes no more bytes from the other end until `resume`. */
  pause(): void;
  resume(): void;
  terminate(): void;
}

/** The channel of a pseudo client. */
export const noChannel: ClientChannel = {
  remoteAddress: "",
  localAddress: "",
  pendingBytes: 0,
  heldBytes: 0,
  kill() {},
  closeAfterReplies() {},
  pause() {},
  resume() {},
};
