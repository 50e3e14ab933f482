/** How much of a seat's data a node has: the first `offset` writes of the primary that was appointed with `epoch`. */
export interface Position {
  readonly epoch: number;
  readonly offset: number;
}
