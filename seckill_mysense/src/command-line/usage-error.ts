/** The command line is invalid. The message names the word that is wrong. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  /** The help of the command that was called in a wrong way; undefined while no command is known. */
  readonly help: string | undefined;

  constructor(message: string, help?: string) {
    super(message);
    this.help = help;
  }
}
