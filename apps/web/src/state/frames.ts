/** Gathers what comes quickly and hands it on once a frame, so that a page is not painted more often than it can be seen. */
export class Frames<Item> {
  readonly #take: (items: readonly Item[]) => void;
  #items: Item[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(take: (items: readonly Item[]) => void) {
    this.#take = take;
  }

  push(item: Item): void {
    this.#items.push(item);
    // Not an animation frame: those stop in a page that is not seen.
    this.#timer ??= setTimeout(() => this.flush(), 16);
  }

  /** Hand on what has come. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const items = this.#items;
    this.#items = [];
    if (items.length > 0) this.#take(items);
  }
}
