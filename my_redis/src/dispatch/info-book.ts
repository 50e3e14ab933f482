/** Name and value of one line of INFO. */
export type InfoLine = readonly [name: string, value: string | number];

/** Lines that parts of the server add to the sections of INFO. */
export class InfoBook {
  readonly #bySection = new Map<string, () => readonly InfoLine[]>();

  /** `lines` is called whenever the section is asked for. */
  add(section: string, lines: () => readonly InfoLine[]): void {
    const before = this.#bySection.get(section);
    this.#bySection.set(section, before === undefined ? lines : () => [...before(), ...lines()]);
  }

  linesOf(section: string): readonly InfoLine[] {
    return this.#bySection.get(section)?.() ?? [];
  }
}
