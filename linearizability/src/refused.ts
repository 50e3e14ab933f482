/** An operation, a model's state or a limit that the checker does not take: the message says what would be right. */
export class Refused extends RangeError {}
