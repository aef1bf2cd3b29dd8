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

/** A part of a text that is held back. */
export interface HeldText {
  readonly held: string;
  /** '1' for each character of `held` that is not part of the text: the spelling of a control token. Otherwise '0'. */
  readonly hidden: string;
}

/** Options of one push. */
export interface StopPush {
  /** The text is the spelling of a control token: it is compared with the stop strings, and never printed. Default false. */
  readonly hidden?: boolean;
  /** Whether a stop string may be complete now. One that is complete earlier is plain text. Default true. */
  readonly mayStop?: boolean;
}

/**
 * Finds stop strings in streamed text, also across token boundaries. Text that may be the beginning of a stop string is
 * held back. A stop string is dropped, and the text after it is held for a later call. Of several, the first to be complete
 * counts; on ties, the longest.
 */
export class StopStrings {
  readonly #strings: readonly string[];
  #held: string;
  #hidden: string;

  /** @param from text that an earlier call held back. */
  constructor(strings: readonly string[], from: HeldText = { held: '', hidden: '' }) {
    this.#strings = strings;
    this.#held = from.held;
    this.#hidden = from.hidden;
  }

  /** Text that is held back. After a match: the text that follows the stop string. */
  get held(): string {
    return printable(this.#held, this.#hidden);
  }

  /** What is held back, for a later call to continue from. */
  get state(): HeldText {
    return { held: this.#held, hidden: this.#hidden };
  }

  /** The text that can be printed, and the stop string that is complete. */
  push(
    text: string,
    { hidden = false, mayStop = true }: StopPush = {},
  ): { readonly text: string; readonly matched?: string } {
    const all = this.#held + text;
    const mask = this.#hidden + (hidden ? '1' : '0').repeat(text.length);
    // The first to be complete, so that the cut does not depend on where one piece ends and the next begins.
    let first = -1;
    let end = Infinity;
    for (const string of mayStop ? this.#strings : []) {
      const at = all.indexOf(string);
      if (at < 0 || at + string.length > end || (at + string.length === end && at > first)) continue;
      first = at;
      end = at + string.length;
    }
    const isMatch = first >= 0;
    const keep = isMatch ? 0 : Math.max(0, ...this.#strings.map((string) => overlap(all, string)));
    const printed = isMatch ? first : all.length - keep;
    const rest = isMatch ? end : printed;
    this.#held = all.slice(rest);
    this.#hidden = mask.slice(rest);
    const shown = printable(all.slice(0, printed), mask.slice(0, printed));
    return isMatch ? { text: shown, matched: all.slice(first, end) } : { text: shown };
  }

  /** The text that is held back, when the sequence ends in another way. */
  flush(): string {
    const text = this.held;
    this.#held = '';
    this.#hidden = '';
    return text;
  }

  fork(): StopStrings {
    return new StopStrings(this.#strings, this.state);
  }
}

/** The characters that are not hidden. */
function printable(text: string, hidden: string): string {
  if (!hidden.includes('1')) return text;
  let shown = '';
  for (let at = 0; at < text.length; at++) if (hidden[at] === '0') shown += text[at];
  return shown;
}

/** Length of the longest end of `text` that begins `string`. */
function overlap(text: string, string: string): number {
  for (let length = Math.min(text.length, string.length - 1); length > 0; length--)
    if (text.endsWith(string.slice(0, length))) return length;
  return 0;
}
