import type { Tokenizer } from './tokenizer.ts';

/** The spellings of control tokens, which `decode` leaves out of a text by default. */
export class ControlTokenTexts {
  readonly #tokenizer: Tokenizer;
  readonly #texts: Map<number, string> = new Map();

  constructor(tokenizer: Tokenizer) {
    this.#tokenizer = tokenizer;
  }

  /** The spelling of a control token; '' for an id that has text, or that the tokenizer has no spelling for. */
  textOf(id: number): string {
    let text = this.#texts.get(id);
    if (text === undefined) {
      text = isControlToken(this.#tokenizer, id) ? this.#tokenizer.decode([id], { skipSpecialTokens: false }) : '';
      this.#texts.set(id, text);
    }
    return text;
  }
}

/** Whether an id has no text of its own wherever it is. A single space may be left out at the beginning of a text, two are not. */
export function isControlToken(tokenizer: Tokenizer, id: number): boolean {
  return tokenizer.decode([id, id]) === '';
}
