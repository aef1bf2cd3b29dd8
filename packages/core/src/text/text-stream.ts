import type { Tokenizer } from './tokenizer.ts';

/** Number of prompt ids that are kept before the first new one: more than a character or a word needs. */
const longestContext = 16;

/**
 * Turns ids into text as they arrive. The joined pieces are exactly what `tokenizer.decode` of all ids adds to the
 * decoded ids before them: no incomplete characters, no lost spaces. A piece is held back while it may still change,
 * that is, while the text so far ends in an incomplete character.
 *
 * Only a short window is decoded each time: the ids since the last piece, after the ids of the piece before it.
 * Decoders treat the first id differently (a leading space), so there must always be one before the new ids.
 */
export class TextStream {
  readonly #tokenizer: Tokenizer;
  #window: number[] = [];
  /** Number of ids in the window that are already text. */
  #printed = 0;

  /** @param before preceding ids; their own text is not repeated. Default none. */
  constructor(tokenizer: Tokenizer, before: ArrayLike<number> = []) {
    this.#tokenizer = tokenizer;
    this.#window = Array.from(before).slice(-longestContext);
    this.#printed = this.#window.length;
    // A prompt may end inside a character, whose rest belongs to the text that follows. A literal U+FFFD at its end
    // looks the same and is emitted again.
    while (this.#printed > 0 && tokenizer.decode(this.#window.slice(0, this.#printed)).endsWith('\uFFFD'))
      this.#printed--;
  }

  /** The text that `id` completes; '' when it only extends an incomplete character or is a control token. */
  push(id: number): string {
    this.#window.push(id);
    return this.#advance(false);
  }

  /** The text that is still held back. Incomplete characters become U+FFFD. */
  flush(): string {
    return this.#advance(true);
  }

  /** A stream that continues from the same point. */
  fork(): TextStream {
    return TextStream.from(this.#tokenizer, this.state);
  }

  /** The position of the stream, as plain data for `TextStream.from`. */
  get state(): TextStreamState {
    return { window: [...this.#window], printed: this.#printed };
  }

  static from(tokenizer: Tokenizer, { window, printed }: TextStreamState): TextStream {
    const stream = new TextStream(tokenizer);
    stream.#window = [...window];
    stream.#printed = printed;
    return stream;
  }

  #advance(last: boolean): string {
    const before = this.#tokenizer.decode(this.#window.slice(0, this.#printed));
    const after = this.#tokenizer.decode(this.#window);
    if (!last && after.endsWith('\uFFFD')) return '';
    const text = after.slice(before.length);
    // Ids without text (control tokens) stay in the window, so that an id with text always precedes the new ones.
    if (text !== '') {
      this.#window = this.#window.slice(this.#printed);
      this.#printed = this.#window.length;
    }
    return text;
  }
}

/** A text stream as plain data. */
export interface TextStreamState {
  readonly window: readonly number[];
  /** Number of ids in the window that are already text. */
  readonly printed: number;
}

/** The text that `ids` add after `before`. */
export function continuation(tokenizer: Tokenizer, before: ArrayLike<number>, ids: ArrayLike<number>): string {
  const stream = new TextStream(tokenizer, before);
  return Array.from(ids, (id) => stream.push(id)).join('') + stream.flush();
}
