/** The queue may not have taken charge of the messages: publish them again. A message taken twice does no harm. */
export class QueueUnavailable extends Error {
  override readonly name: string = "QueueUnavailable";
}

/** The queue is at its limit and took none, or not all, of the messages: publish them again later. */
export class QueueFull extends QueueUnavailable {
  override readonly name = "QueueFull";
}

/** The broker has no queue to put the messages into. */
export class QueueUnroutable extends QueueUnavailable {
  override readonly name = "QueueUnroutable";
}
