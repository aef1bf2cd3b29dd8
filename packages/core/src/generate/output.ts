import type { History } from '../sampling/history.ts';
import { TextStream } from '../text/text-stream.ts';
import type { Tokenizer } from '../text/tokenizer.ts';
import type { TextState } from './decoding-state.ts';
import { StopStrings } from './stop.ts';

/** One sequence on its way out: its text, and whether a stop string has ended it. */
export class Output {
  readonly promptIndex: number;
  readonly sequence: number;
  /** The last accepted state; at first the prompt. */
  history: History;
  text = '';
  ended = false;
  stopped = false;
  /** Tokens that a draft proposed, undefined without one, and those of them that were accepted. */
  draftedTokens: number | undefined;
  acceptedTokens = 0;
  #stream: TextStream | undefined;
  #stops: StopStrings;
  /** How the text stood before each token, for a rewind. */
  readonly #before: { readonly text: string; readonly stream: TextStream | undefined; readonly stops: StopStrings }[] =
    [];

  constructor(
    prompt: number,
    sequence: number,
    history: History,
    tokenizer: Tokenizer | undefined,
    stopStrings: readonly string[],
    from?: TextState,
  ) {
    this.promptIndex = prompt;
    this.sequence = sequence;
    this.history = history;
    this.#stream = from?.stream.fork() ?? (tokenizer && new TextStream(tokenizer, history.tokens));
    this.#stops = new StopStrings(stopStrings, from?.held);
  }

  /** Take a token in; returns the text that became printable. An end token has none. */
  push(id: number, silent: boolean): string {
    this.#before.push({ text: this.text, stream: this.#stream?.fork(), stops: this.#stops.fork() });
    if (silent || this.stopped) return '';
    return this.#print(this.#stream?.push(id) ?? '');
  }

  /** Take the last tokens back. */
  rewind(count: number, history: History): void {
    const { text, stream, stops } = this.#before.splice(this.#before.length - count)[0]!;
    this.history = history;
    this.text = text;
    this.#stream = stream;
    this.#stops = stops;
    this.stopped = false;
  }

  /** How many tokens can be taken back. */
  get depth(): number {
    return this.#before.length;
  }

  /** The text as these tokens would leave it. */
  preview(ids: Iterable<number>, silent: readonly number[]): { readonly text: string; readonly stopped: boolean } {
    const copy = new Output(this.promptIndex, this.sequence, this.history, undefined, []);
    copy.text = this.text;
    copy.#stream = this.#stream?.fork();
    copy.#stops = this.#stops.fork();
    for (const id of ids) copy.push(id, silent.includes(id));
    return copy;
  }

  /** The text on its way, for a later call to go on from. */
  suspend(): TextState | undefined {
    return this.#stream && { stream: this.#stream.fork(), held: this.#stops.held };
  }

  /** The text that was held back, when the sequence ends otherwise than by a stop string. */
  flush(): string {
    if (this.stopped) return '';
    const printed = this.#print(this.#stream?.flush() ?? '');
    const held = this.stopped ? '' : this.#stops.flush();
    this.text += held;
    return printed + held;
  }

  #print(piece: string): string {
    const { text, stopped } = this.#stops.push(piece);
    this.stopped ||= stopped;
    this.text += text;
    return text;
  }
}
