import { TextStream } from '../../text/text-stream.ts';
import type { Tokenizer } from '../../text/tokenizer.ts';
import { StopStrings } from './stop.ts';

/** Text that is not printable yet: the stream of characters, and what may be the beginning of a stop string. */
export interface TextState {
  readonly stream: TextStream;
  readonly held: string;
}

/**
 * The text of a sequence after one of its tokens, as an immutable value. Appending a token gives a new one in time that
 * does not depend on the length, so hypotheses, drafts and rewinds just keep references.
 */
export class SequenceText {
  /** The printable text so far. */
  readonly text: string;
  /** The part of it that the last token made printable. */
  readonly piece: string;
  /** The stop string that is complete. No text follows it. */
  readonly matched: string | undefined;
  readonly #stream: TextStream | undefined;
  readonly #stops: StopStrings;

  private constructor(
    text: string,
    piece: string,
    matched: string | undefined,
    stream: TextStream | undefined,
    stops: StopStrings,
  ) {
    this.text = text;
    this.piece = piece;
    this.matched = matched;
    this.#stream = stream;
    this.#stops = stops;
  }

  /**
   * The empty text after a prompt.
   *
   * @param tokenizer undefined for a sequence that has no text.
   * @param from where an earlier call stopped.
   */
  static open(
    tokenizer: Tokenizer | undefined,
    prompt: ArrayLike<number>,
    stopStrings: readonly string[],
    from?: TextState,
  ): SequenceText {
    const stream = from?.stream.fork() ?? (tokenizer && new TextStream(tokenizer, prompt));
    return new SequenceText('', '', undefined, stream, new StopStrings(stopStrings, from?.held));
  }

  /** The text with one more token. A silent token, such as an end token, has no text. */
  push(id: number, silent: boolean): SequenceText {
    if (silent || this.matched !== undefined || this.#stream === undefined)
      return new SequenceText(this.text, '', this.matched, this.#stream, this.#stops);
    const stream = this.#stream.fork();
    return this.#print(stream.push(id), stream);
  }

  /** The text at its end, with what was held back. */
  flush(): SequenceText {
    if (this.matched !== undefined || this.#stream === undefined)
      return new SequenceText(this.text, '', this.matched, this.#stream, this.#stops);
    const stream = this.#stream.fork();
    const printed = this.#print(stream.flush(), stream);
    if (printed.matched !== undefined) return printed;
    const held = printed.#stops.fork().flush();
    return new SequenceText(printed.text + held, printed.piece + held, undefined, stream, new StopStrings([]));
  }

  /** The unprinted state, for a later call to continue from. */
  suspend(): TextState | undefined {
    return this.#stream && { stream: this.#stream.fork(), held: this.#stops.held };
  }

  #print(printable: string, stream: TextStream): SequenceText {
    const stops = this.#stops.fork();
    const { text, matched } = stops.push(printable);
    return new SequenceText(this.text + text, text, matched, stream, stops);
  }
}
