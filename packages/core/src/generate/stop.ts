import type { History } from '../sampling/history.ts';

/** What an application's own stop condition may look at. */
export interface StopState {
  /** All tokens, prompt included. */
  readonly history: History;
  readonly promptLength: number;
  /** The token just accepted. */
  readonly id: number;
  /** The new text so far, control tokens left out; '' when the call has no tokenizer. */
  readonly text: string;
  readonly promptIndex: number;
  readonly sequence: number;
  /** Milliseconds since the call began. */
  readonly elapsed: number;
}

/** True ends the sequence after the token just accepted. */
export type StopCondition = (state: StopState) => boolean;

/** Why a sequence ended. `settled`: the strategy had its result (a beam search whose hypotheses cannot improve). */
export type EndReason = 'end-token' | 'length' | 'context' | 'stop-string' | 'time' | 'abort' | 'predicate' | 'settled';

/**
 * Finds stop strings in streamed text, also across the borders of tokens. Text that may be the beginning of one is held
 * back; a stop string and what follows it are dropped. Of several the first to be complete counts, and of those the longest.
 */
export class StopStrings {
  readonly #strings: readonly string[];
  #held: string;

  /** @param held text that an earlier call held back. */
  constructor(strings: readonly string[], held: string = '') {
    this.#strings = strings;
    this.#held = held;
  }

  /** Text that is held back now. */
  get held(): string {
    return this.#held;
  }

  /** The text that is sure to be printed, and whether a stop string was met. */
  push(text: string): { text: string; stopped: boolean } {
    const all = this.#held + text;
    // The first to be complete, so that the cut does not depend on where one piece ends and the next begins.
    let first = -1;
    let end = Infinity;
    for (const string of this.#strings) {
      const at = all.indexOf(string);
      if (at < 0 || at + string.length > end || (at + string.length === end && at > first)) continue;
      first = at;
      end = at + string.length;
    }
    if (first >= 0) {
      this.#held = '';
      return { text: all.slice(0, first), stopped: true };
    }
    const keep = Math.max(0, ...this.#strings.map((string) => overlap(all, string)));
    this.#held = all.slice(all.length - keep);
    return { text: all.slice(0, all.length - keep), stopped: false };
  }

  /** What is held back; for when the sequence ends in another way. */
  flush(): string {
    const text = this.#held;
    this.#held = '';
    return text;
  }

  fork(): StopStrings {
    return new StopStrings(this.#strings, this.#held);
  }
}

/** Length of the longest end of `text` that begins `string`. */
function overlap(text: string, string: string): number {
  for (let length = Math.min(text.length, string.length - 1); length > 0; length--)
    if (text.endsWith(string.slice(0, length))) return length;
  return 0;
}
