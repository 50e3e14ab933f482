/** How many logged reasons are remembered. */
const maxToldRefusals = 100;

/** Events on the ring, for /metrics. */
export class RingCounts {
  /**
   * Questions to owners: `asked` of them; `timeout`, `lost` (with the connection) and `suspect` (not asked, since the owner had
   * left others unanswered) were decided from this gateway's own memory, `full` were refused.
   */
  readonly questions = { asked: 0, timeout: 0, lost: 0, suspect: 0, full: 0 };
  readonly greetings = { accepted: 0, refused: 0 };
  readonly #told = new Set<string>();

  /** A caller that tries again and again is logged once. */
  isNewRefusal(text: string): boolean {
    if (this.#told.has(text)) return false;
    if (this.#told.size >= maxToldRefusals) this.#told.clear();
    this.#told.add(text);
    return true;
  }
}
