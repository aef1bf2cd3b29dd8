import type { History } from '../../sampling/history.ts';
import type { SequenceText, TextPush } from '../contract/sequence-text.ts';

/** One returned sequence while it grows. */
export class Sequence {
  readonly promptIndex: number;
  /** Index among the prompt's returned sequences, from 0. */
  readonly index: number;
  /** The tokens so far; at first the prompt. */
  history: History;
  ended = false;
  /** Tokens that a draft proposed; undefined without a draft. */
  draftedTokens: number | undefined;
  /** Drafted tokens that were accepted. */
  acceptedTokens = 0;
  /** The text after each new token, for a rewind; the first entry is the text before the call's tokens. */
  readonly #texts: SequenceText[];

  constructor(promptIndex: number, index: number, history: History, text: SequenceText) {
    this.promptIndex = promptIndex;
    this.index = index;
    this.history = history;
    this.#texts = [text];
  }

  get text(): SequenceText {
    return this.#texts.at(-1)!;
  }

  /** How many tokens can be taken back. */
  get depth(): number {
    return this.#texts.length - 1;
  }

  push(history: History, options: TextPush): void {
    this.history = history;
    this.#texts.push(this.text.push(history.at(-1)!, options));
  }

  /** Take the last tokens back. */
  rewind(count: number): void {
    this.history = this.history.ancestor(this.history.length - count)!;
    this.#texts.length -= count;
  }
}
