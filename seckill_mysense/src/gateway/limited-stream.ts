export interface StreamLimits {
  /** Whoever has not read everything by then gets no more. */
  readonly withinMs: number;
  /** Is called once, however the stream ends. */
  readonly onEnd: () => void;
}

/** A body in pieces, which are made when the client is ready for them. */
export function limitedStream(
  pieces: AsyncGenerator<string>,
  { withinMs, onEnd }: StreamLimits,
): ReadableStream<Uint8Array> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let hasEnded = false;
  // Not left to the generator: one that was never started does not run its `finally`.
  const end = (): void => {
    if (hasEnded) return;
    hasEnded = true;
    clearTimeout(timer);
    onEnd();
  };
  return new ReadableStream<Uint8Array>({
    start(controller) {
      timer = setTimeout(() => {
        end();
        controller.error(new Error(`not read within ${withinMs} ms`));
        void pieces.return(undefined);
      }, withinMs);
    },
    async pull(controller) {
      try {
        const piece = await pieces.next();
        if (hasEnded) return;
        if (piece.done !== true) return controller.enqueue(Buffer.from(piece.value));
        end();
        controller.close();
      } catch (error) {
        end();
        throw error;
      }
    },
    async cancel() {
      end();
      await pieces.return(undefined);
    },
  });
}
