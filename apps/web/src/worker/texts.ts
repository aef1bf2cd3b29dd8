/** Tells the page the text of each token once. */
export class Texts {
  readonly #label: (id: number) => string;
  readonly #told: Set<number> = new Set();

  constructor(label: (id: number) => string) {
    this.#label = label;
  }

  /** Texts of those that were not told before; undefined when there are none. */
  tell(ids: Iterable<number>): Readonly<Record<number, string>> | undefined {
    const texts: Record<number, string> = {};
    let any = false;
    for (const id of ids) {
      if (this.#told.has(id)) continue;
      this.#told.add(id);
      texts[id] = this.#label(id);
      any = true;
    }
    return any ? texts : undefined;
  }
}
