import { checkTokens } from '../check/lists.ts';
import { checkDecoder } from './check-tokenizer.ts';
import type { Tokenizer } from './tokenizer.ts';

/** Number of ids before the new ones that are kept: more than a character or a word needs. */
const longestContext = 16;

/** Above this number of ids, the beginning of the window is dropped. */
const longestWindow = 2 * longestContext;

/** A character has at most four bytes in UTF-8, so at most three are incomplete. */
const longestCharacter = 4;

const replacement = '\uFFFD';

/** Options of {@link TextStream}. */
export interface TextStreamOptions {
  /** Leave control tokens out of the text. Default true. */
  readonly skipSpecialTokens?: boolean;
}

/**
 * Turns ids into text as they arrive. The joined pieces are what `tokenizer.decode` of all ids adds to the decoded ids
 * before them: no incomplete characters, no lost spaces, and nothing twice. What may be an incomplete character at the end
 * is held back. Bytes that are not text become U+FFFD once as many tokens follow as a character can have bytes.
 *
 * Only a short window is decoded each time: the ids since the last piece, after the ids of the piece before it.
 * Decoders treat the first id differently (a leading space), so there must always be one before the new ids.
 */
export class TextStream {
  readonly #tokenizer: Tokenizer;
  /** Whether control tokens are left out of the text. */
  readonly skipSpecialTokens: boolean;
  #window: number[];
  /** The beginning of the window's text that was returned, or that is the text of preceding ids. */
  #said: string;
  /** Number of ids at the end of the window that came after `#said`. */
  #fresh = 0;
  /** Number of U+FFFD after `#said` that belong to the preceding ids, unless later ids complete a character. */
  #given = 0;

  /** @param before preceding ids; their own text is not repeated. Default none. */
  constructor(tokenizer: Tokenizer, before: ArrayLike<number> = [], options: TextStreamOptions = {}) {
    this.#tokenizer = checkDecoder('TextStream', tokenizer);
    this.skipSpecialTokens = options.skipSpecialTokens ?? true;
    const last = Array.from(checkTokens('TextStream', 'before', before)).slice(-longestContext - longestCharacter);
    this.#window = last;
    const text = this.#beginAtCharacter(last.length > longestContext ? longestCharacter - 1 : 0);
    // The preceding ids may end inside a character, whose rest belongs to the text that follows.
    this.#given = undecided(text);
    this.#said = text.slice(0, text.length - this.#given);
    if (this.#given > 0) this.#setRunApart(text);
  }

  /** The text that `id` completes; '' when it only extends an incomplete character or is a control token. */
  push(id: number): string {
    this.#window.push(id);
    this.#fresh++;
    let text = this.#decode(this.#window);
    if (this.#mayLeaveOut(id, text)) {
      this.#window.pop();
      this.#fresh--;
      return '';
    }
    if (!text.startsWith(this.#said)) {
      if (text.endsWith(replacement) && this.#fresh < longestCharacter) return '';
      text = this.#separate(text);
    }
    const held = undecided(text);
    const piece = this.#take(text, text.length - held);
    if (held > 0) return this.#window.length > longestWindow ? piece + this.#shorten(text.slice(-held)) : piece;
    if (piece !== '' || this.#window.length > longestWindow) this.#continue();
    return piece;
  }

  /** The text that is still held back. Incomplete characters become U+FFFD. */
  flush(): string {
    let text = this.#decode(this.#window);
    if (!text.startsWith(this.#said)) text = this.#separate(text);
    const piece = this.#take(text, text.length);
    if (piece !== '') this.#continue();
    return piece;
  }

  /** A stream that continues from the same point. */
  fork(): TextStream {
    return TextStream.from(this.#tokenizer, this.state);
  }

  /** The position of the stream, as plain data for `TextStream.from`. */
  get state(): TextStreamState {
    return {
      window: [...this.#window],
      said: this.#said,
      fresh: this.#fresh,
      given: this.#given,
      skipSpecialTokens: this.skipSpecialTokens,
    };
  }

  static from(tokenizer: Tokenizer, { window, said, fresh, given, skipSpecialTokens }: TextStreamState): TextStream {
    const stream = new TextStream(tokenizer, [], { skipSpecialTokens });
    stream.#window = [...window];
    stream.#said = said;
    stream.#fresh = fresh;
    stream.#given = given;
    return stream;
  }

  #decode(ids: readonly number[]): string {
    if (ids.length === 0) return '';
    return this.skipSpecialTokens
      ? this.#tokenizer.decode(ids)
      : this.#tokenizer.decode(ids, { skipSpecialTokens: false });
  }

  /** The text of the window from `#said` up to `end`, without the U+FFFD of preceding ids. */
  #take(text: string, end: number): string {
    let start = this.#said.length;
    if (end <= start) return '';
    for (; this.#given > 0 && text[start] === replacement && start < end; this.#given--) start++;
    // A character that the preceding ids began is complete, or their U+FFFD are all past.
    if (start < end) this.#given = 0;
    this.#said = text.slice(0, end);
    return text.slice(start, end);
  }

  /** Keep the ids of the last piece, which the next ones are decoded after. */
  #continue(): void {
    // The piece may begin inside a character.
    this.#window = this.#window.slice(-Math.min(this.#fresh + longestCharacter - 1, longestWindow));
    this.#said = this.#beginAtCharacter(Math.max(0, this.#window.length - this.#fresh));
    this.#fresh = 0;
    this.#given = 0;
  }

  /**
   * The new ids change how the ids before them are decoded, as an invalid byte can do with a whole run of bytes. What was
   * returned stays, and the new ids are decoded alone.
   */
  #separate(text: string): string {
    const fresh = this.#window.slice(-this.#fresh);
    const alone = this.#decode(fresh);
    if (!alone.includes(replacement)) {
      this.#said = text.slice(0, this.#said.length);
      return text;
    }
    this.#window = fresh;
    this.#said = '';
    return alone;
  }

  /** Some decoders turn a whole run of bytes into U+FFFD while its last character is incomplete. The characters before it count. */
  #setRunApart(text: string): void {
    for (let count = 1; count < Math.min(longestCharacter, this.#window.length); count++) {
      const before = this.#decode(this.#window.slice(0, -count));
      if (before.endsWith(replacement)) continue;
      if (text.startsWith(before)) return;
      this.#said = before;
      this.#fresh = count;
      return;
    }
  }

  /** Drop the beginning of a long window. `held` is the end of its text; returns it when it cannot be distinguished any more. */
  #shorten(held: string): string {
    this.#window = this.#window.slice(-longestContext - longestCharacter);
    const text = this.#beginAtCharacter(longestCharacter - 1);
    this.#fresh = Math.min(this.#fresh, this.#window.length);
    this.#given = 0;
    const isHeld = text.endsWith(held);
    this.#said = isHeld ? text.slice(0, text.length - held.length) : text;
    return isHeld ? '' : held;
  }

  /** Leave up to `most` ids out at the beginning, so that the window does not begin inside a character. Returns its text. */
  #beginAtCharacter(most: number): string {
    const shorter = Array.from({ length: Math.min(most, longestCharacter - 1) + 1 }, (_, at) => this.#window.slice(at));
    // The end may be inside a character too, because of which some decoders turn all bytes before it into U+FFFD.
    for (let cut = 0; cut < longestCharacter; cut++)
      for (const ids of shorter) {
        const text = this.#decode(ids.slice(0, ids.length - cut));
        if (text.startsWith(replacement)) continue;
        this.#window = ids;
        return cut === 0 ? text : this.#decode(ids);
      }
    this.#window = shorter.at(-1)!;
    return this.#decode(this.#window);
  }

  /**
   * Whether the last id may be left out of the window: it has no text wherever it is, such as a control token. One is kept
   * inside an incomplete character, which it may end.
   */
  #mayLeaveOut(id: number, text: string): boolean {
    const held = undecided(text);
    if (text.length - held > this.#said.length || this.#decode([id, id]) !== '') return false;
    return held === 0 || this.#window.at(-2) === id;
  }
}

/** A text stream as plain data. */
export interface TextStreamState {
  readonly window: readonly number[];
  /** The beginning of the window's text that was returned, or that is the text of preceding ids. */
  readonly said: string;
  /** Number of ids at the end of the window that came after it. */
  readonly fresh: number;
  /** Number of U+FFFD after it that belong to preceding ids, unless later ids complete a character. */
  readonly given: number;
  readonly skipSpecialTokens: boolean;
}

/** The text that `ids` add after `before`. */
export function continuation(tokenizer: Tokenizer, before: ArrayLike<number>, ids: ArrayLike<number>): string {
  const stream = new TextStream(tokenizer, before);
  return Array.from(checkTokens('continuation', 'ids', ids), (id) => stream.push(id)).join('') + stream.flush();
}

/** Number of U+FFFD at the end of a text that may be one incomplete character: decoders write one for it, or one per byte. */
function undecided(text: string): number {
  let count = 0;
  while (count < longestCharacter - 1 && text[text.length - 1 - count] === replacement) count++;
  return count;
}
