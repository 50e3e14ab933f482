interface Silence {
  readonly nodes: ReadonlySet<number>;
}

/** Nodes that may answer nothing of the data, because they are in a minority and their leases have ended. */
export class SilentNodes {
  readonly violations: string[] = [];
  /** Requests that a node did not answer with data, as it should. */
  refusals = 0;
  now: Silence | undefined;

  begin(nodes: readonly number[]): void {
    this.now = { nodes: new Set(nodes) };
  }

  end(): void {
    this.now = undefined;
  }

  /** `before`: what was there when the request was sent. */
  answered(before: Silence | undefined, node: number, what: string): void {
    if (this.#isMeant(before, node)) this.violations.push(`node ${node} is in a minority, and answered: ${what}`);
  }

  refused(before: Silence | undefined, node: number): void {
    if (this.#isMeant(before, node)) this.refusals++;
  }

  /** Only a request that lies within the silence as a whole says something. */
  #isMeant(before: Silence | undefined, node: number): boolean {
    return before !== undefined && before === this.now && before.nodes.has(node);
  }
}
