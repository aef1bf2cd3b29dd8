/** Sends the text of each token to the page once. */
export class Texts {
  readonly #label: (id: number) => string;
  readonly #sent: Set<number> = new Set();

  constructor(label: (id: number) => string) {
    this.#label = label;
  }

  /** Texts of the ids that were not sent before; undefined when there are none. */
  take(ids: Iterable<number>): Readonly<Record<number, string>> | undefined {
    const texts: Record<number, string> = {};
    let any = false;
    for (const id of ids) {
      if (this.#sent.has(id)) continue;
      this.#sent.add(id);
      texts[id] = this.#label(id);
      any = true;
    }
    return any ? texts : undefined;
  }
}
