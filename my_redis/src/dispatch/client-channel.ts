/** Whether a connection is encrypted, and whether the other end has shown a valid certificate. */
export type Encrypted = "no" | "anonymous" | "certified";

/** How a client's replies leave the server. Commands never see the socket behind it. */
export interface ClientChannel {
  readonly remoteAddress: string;
  readonly localAddress: string;
  readonly encrypted: Encrypted;
  /** Bytes of replies that the client has not taken yet. */
  readonly pendingBytes: number;
  /** Bytes received of an incomplete request. */
  readonly heldBytes: number;
  /** Bytes received of the request that runs, and of those that have not run yet. */
  readonly receivedBytes: number;
  /**
   * Whether the client has closed its side, even if that was not reported yet: nothing may be taken from the data for
   * it. False where that cannot be known.
   */
  hasEnded(): boolean;
  /** Closes at once; unsent replies are dropped. */
  kill(): void;
  /** Closes once everything written before has been sent. From now on the client waits for nothing. */
  closeAfterReplies(): void;
  /** Reads no more requests until `resume`. Used for blocked clients. */
  pause(): void;
  /** Reads requests again, beginning with those that have arrived meanwhile. */
  resume(): void;
  /** Puts requests before those that have not run yet. The client's requests are held meanwhile. */
  unread?(requests: Uint8Array): void;
  /** Hands all further bytes to this reader: the other end has turned out to be a node, not a client. */
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
  /** Reads no more from the other end until `resume`. */
  pause(): void;
  resume(): void;
  terminate(): void;
}

/** The channel of a pseudo client. */
export const noChannel: ClientChannel = {
  remoteAddress: "",
  localAddress: "",
  encrypted: "no",
  pendingBytes: 0,
  heldBytes: 0,
  receivedBytes: 0,
  hasEnded: () => false,
  kill() {},
  closeAfterReplies() {},
  pause() {},
  resume() {},
};
