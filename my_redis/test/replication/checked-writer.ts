/**
 * Sets one key after the other, and remembers which of these writes were acknowledged by both replicas. `write` gives how
 * many replicas have acknowledged it, and rejects where it is not known.
 */
export class CheckedWriter {
  readonly name: string;
  /** Keys whose writes must not be lost. */
  readonly acknowledged: string[] = [];
  /** Writes that some server has answered with OK. */
  answered = 0;
  readonly #write: (key: string) => Promise<number>;
  #isStopped = false;
  readonly #running: Promise<void>;

  constructor(name: string, write: (key: string) => Promise<number>) {
    this.name = name;
    this.#write = write;
    this.#running = this.#run();
  }

  async #run(): Promise<void> {
    for (let number = 0; !this.#isStopped; number++) {
      const key = `${this.name}:${number}`;
      try {
        if ((await this.#write(key)) >= 2) this.acknowledged.push(key);
        this.answered++;
      } catch {
        // The client finds the primary again, or the key was not acknowledged: in both cases nothing was promised.
        await Bun.sleep(10);
      }
    }
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }
}
