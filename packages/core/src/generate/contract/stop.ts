import type { History } from '../../sampling/history.ts';

/** What an application's own stop condition can look at. */
export interface StopState {
  /** All tokens, prompt included. */
  readonly history: History;
  readonly promptLength: number;
  /** The token just accepted. */
  readonly id: number;
  /** The new text so far, without control tokens; '' when the call has no tokenizer. */
  readonly text: string;
  readonly promptIndex: number;
  readonly sequence: number;
  /** Milliseconds since the call began. */
  readonly elapsed: number;
}

/** Returns true to end the sequence after the token just accepted. Synchronous. */
export type StopCondition = (state: StopState) => boolean;

/**
 * Finds stop strings in streamed text, also across token boundaries. Text that may be the beginning of a stop string is
 * held back. A stop string and the text after it are dropped. Of several, the first to be complete counts; on ties, the
 * longest.
 */
export class StopStrings {
  readonly #strings: readonly string[];
  #held: string;

  /** @param held text that an earlier call held back. */
  constructor(strings: readonly string[], held: string = '') {
    this.#strings = strings;
    this.#held = held;
  }

  /** Text that is held back. */
  get held(): string {
    return this.#held;
  }

  /** The text that can be printed, and the stop string that is complete. */
  push(text: string): { readonly text: string; readonly matched?: string } {
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
      return { text: all.slice(0, first), matched: all.slice(first, end) };
    }
    const keep = Math.max(0, ...this.#strings.map((string) => overlap(all, string)));
    this.#held = all.slice(all.length - keep);
    return { text: all.slice(0, all.length - keep) };
  }

  /** The text that is held back, when the sequence ends in another way. */
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
