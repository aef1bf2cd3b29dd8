/** Collects items and passes them on once per frame, so that the page renders at most once per frame. */
export class Frames<Item> {
  readonly #take: (items: readonly Item[]) => void;
  #items: Item[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(take: (items: readonly Item[]) => void) {
    this.#take = take;
  }

  push(item: Item): void {
    this.#items.push(item);
    // Not an animation frame: those stop while the page is hidden.
    this.#timer ??= setTimeout(() => this.flush(), 16);
  }

  /** Pass on the items so far. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const items = this.#items;
    this.#items = [];
    if (items.length > 0) this.#take(items);
  }
}
