/** The queue may not have stored the messages: publish them again. A message that is stored twice does no harm. */
export class QueueUnavailable extends Error {
  override readonly name: string = "QueueUnavailable";
}

/** The queue is at its limit and did not store all of the messages: publish them again later. */
export class QueueFull extends QueueUnavailable {
  override readonly name = "QueueFull";
}

/** The broker has no queue for the messages. */
export class QueueUnroutable extends QueueUnavailable {
  override readonly name = "QueueUnroutable";
}
