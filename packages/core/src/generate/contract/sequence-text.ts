import { ControlTokenTexts } from '../../text/control-tokens.ts';
import { TextStream } from '../../text/text-stream.ts';
import type { Tokenizer } from '../../text/tokenizer.ts';
import { type HeldText, StopStrings } from './stop.ts';

/** Text that is not printed yet: the stream of characters, and what may be the beginning of a stop string, or followed one. */
export interface TextState extends HeldText {
  readonly stream: TextStream;
}

/** How the text of a sequence is made. */
export interface TextSettings {
  /** Undefined for a sequence that has no text. */
  readonly tokenizer?: Tokenizer | undefined;
  readonly stopStrings: readonly string[];
  /** Leave control tokens out of the text. */
  readonly skipSpecialTokens: boolean;
}

/** How a token takes part in the text. */
export interface TextPush {
  /** A silent token, such as an end token, has no text. Default false. */
  readonly silent?: boolean;
  /** Whether a stop string may be complete with this token. Default true. */
  readonly mayStop?: boolean;
}

/** What does not change along a sequence. */
interface Fixed {
  readonly stopStrings: readonly string[];
  /** Spellings of the control tokens that stop strings name. */
  readonly controls: ControlTokenTexts | undefined;
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
  /** The stop string that is complete. The text after it is left to a later call. */
  readonly matched: string | undefined;
  readonly #stream: TextStream | undefined;
  readonly #stops: StopStrings;
  readonly #fixed: Fixed;

  private constructor(
    text: string,
    piece: string,
    matched: string | undefined,
    stream: TextStream | undefined,
    stops: StopStrings,
    fixed: Fixed,
  ) {
    this.text = text;
    this.piece = piece;
    this.matched = matched;
    this.#stream = stream;
    this.#stops = stops;
    this.#fixed = fixed;
  }

  /**
   * The empty text after a prompt.
   *
   * @param from where an earlier call stopped.
   */
  static open(settings: TextSettings, prompt: ArrayLike<number>, from?: TextState): SequenceText {
    const { tokenizer, stopStrings, skipSpecialTokens } = settings;
    const stream =
      from?.stream.skipSpecialTokens === skipSpecialTokens
        ? from.stream.fork()
        : tokenizer && new TextStream(tokenizer, prompt, { skipSpecialTokens });
    const isHidden = tokenizer !== undefined && skipSpecialTokens && stopStrings.length > 0;
    const controls = isHidden ? new ControlTokenTexts(tokenizer) : undefined;
    return new SequenceText('', '', undefined, stream, new StopStrings(stopStrings, from), { stopStrings, controls });
  }

  /** The text with one more token. */
  push(id: number, { silent = false, mayStop = true }: TextPush = {}): SequenceText {
    if (silent || this.matched !== undefined || this.#stream === undefined)
      return new SequenceText(this.text, '', this.matched, this.#stream, this.#stops, this.#fixed);
    const stream = this.#stream.fork();
    const printable = stream.push(id);
    const stops = this.#stops.fork();
    const shown = stops.push(printable, { mayStop });
    const control = printable === '' && shown.matched === undefined ? this.#controlText(id) : '';
    if (control !== '') return this.#pushControl(control, this.#stream, mayStop);
    const { text, matched } = shown;
    return new SequenceText(this.text + text, text, matched, stream, stops, this.#fixed);
  }

  /**
   * A control token that a stop string names is compared and not printed. It ends an incomplete character before it, which is
   * part of the text.
   *
   * @param before the stream without the token.
   */
  #pushControl(control: string, before: TextStream, mayStop: boolean): SequenceText {
    const stream = before.fork();
    const stops = this.#stops.fork();
    const ended = stops.push(stream.flush(), { mayStop });
    const after = ended.matched === undefined ? stops.push(control, { hidden: true, mayStop }) : { text: '' };
    const piece = ended.text + after.text;
    const matched = ended.matched ?? after.matched;
    return new SequenceText(this.text + piece, piece, matched, stream, stops, this.#fixed);
  }

  /** The text at its end, with what was held back. */
  flush(): SequenceText {
    if (this.matched !== undefined || this.#stream === undefined)
      return new SequenceText(this.text, '', this.matched, this.#stream, this.#stops, this.#fixed);
    const stream = this.#stream.fork();
    const stops = this.#stops.fork();
    const { text, matched } = stops.push(stream.flush());
    const piece = matched === undefined ? text + stops.flush() : text;
    return new SequenceText(this.text + piece, piece, matched, stream, stops, this.#fixed);
  }

  /** The unprinted state, for a later call to continue from. */
  suspend(): TextState | undefined {
    return this.#stream && { stream: this.#stream.fork(), ...this.#stops.state };
  }

  /** The spelling of a control token that a stop string contains; '' for every other id. */
  #controlText(id: number): string {
    const text = this.#fixed.controls?.textOf(id) ?? '';
    return text !== '' && this.#fixed.stopStrings.some((string) => string.includes(text)) ? text : '';
  }
}
