import type { History } from './history.ts';
import { StopStrings } from './stop.ts';
import { TextStream } from './text-stream.ts';
import type { Tokenizer } from './tokenizer.ts';

/** One sequence on its way out: its text, and whether a stop string has ended it. */
export class Output {
  readonly prompt: number;
  readonly sequence: number;
  /** The last accepted state; at first the prompt. */
  history: History;
  text = '';
  ended = false;
  stopped = false;
  readonly #stream: TextStream | undefined;
  readonly #stops: StopStrings;

  constructor(
    prompt: number,
    sequence: number,
    history: History,
    tokenizer: Tokenizer | undefined,
    stopStrings: readonly string[],
  ) {
    this.prompt = prompt;
    this.sequence = sequence;
    this.history = history;
    this.#stream = tokenizer && new TextStream(tokenizer, history.tokens);
    this.#stops = new StopStrings(stopStrings);
  }

  /** Take a token in; returns the text that became printable. */
  push(id: number): string {
    return this.#print(this.#stream?.push(id) ?? '');
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
