/** A part of the server that keeps lines of its own in the log, between the commands: redis-server passes over them. */
export interface LogAnnotator {
  /** What its lines begin with, after "#". */
  readonly prefix: string;
  /** Takes in a line of the log that is loaded, without "#" and line end. Throws an error to refuse the log. */
  load(line: string): void;
  /** The lines that have to stand in a log that is written anew, so that nothing is forgotten that was not settled. */
  carried(): readonly string[];
}

/** Who keeps lines in the log. One line has at most 124 bytes; `CommandLog.annotate` writes one. */
export class LogAnnotations {
  readonly #annotators: LogAnnotator[] = [];

  register(annotator: LogAnnotator): void {
    this.#annotators.push(annotator);
  }

  load(line: string): void {
    this.#annotators.find(({ prefix }) => line.startsWith(prefix))?.load(line);
  }

  carried(): string[] {
    return this.#annotators.flatMap((annotator) => [...annotator.carried()]);
  }
}
