import type { Tokenizer } from './tokenizer.ts';

/**
 * Turns ids into text as they come. The pieces joined are exactly `tokenizer.decode` of all ids: no half characters, no
 * lost spaces. A piece is held back while it may still change, that is while the text so far ends in an unfinished
 * character.
 *
 * Only a short window is decoded each time: the ids since the last piece, after the ids of the piece before it, because
 * decoders treat the first id differently (a leading space) and so must always have one before the new ones.
 */
export class TextStream {
  readonly #tokenizer: Tokenizer;
  #window: number[] = [];
  /** How many ids of the window have been turned into text. */
  #printed = 0;

  constructor(tokenizer: Tokenizer) {
    this.#tokenizer = tokenizer;
  }

  /** The text that `id` makes printable; '' when it only adds to an unfinished character or is a control token. */
  push(id: number): string {
    this.#window.push(id);
    return this.#advance(false);
  }

  /** What is still held back: unfinished characters become U+FFFD. */
  flush(): string {
    return this.#advance(true);
  }

  /** A stream that goes on from the same point. */
  fork(): TextStream {
    const copy = new TextStream(this.#tokenizer);
    copy.#window = [...this.#window];
    copy.#printed = this.#printed;
    return copy;
  }

  #advance(last: boolean): string {
    const before = this.#tokenizer.decode(this.#window.slice(0, this.#printed));
    const after = this.#tokenizer.decode(this.#window);
    if (!last && after.endsWith('\uFFFD')) return '';
    const text = after.slice(before.length);
    // Ids without text (control tokens) stay in the window, so that it always holds an id with text before the new ones.
    if (text !== '') {
      this.#window = this.#window.slice(this.#printed);
      this.#printed = this.#window.length;
    }
    return text;
  }
}
