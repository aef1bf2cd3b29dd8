import { withoutMarks } from '../marked-tokens.ts';
import { type ReplyPart, ToolCallError, type ToolCallReason } from '../tool-call.ts';

/** A coroutine that reads a text as it arrives: it yields parts, and undefined when it needs more text. */
export type Reading<Result> = Generator<ReplyPart | undefined, Result, undefined>;

/** What cannot be read as a call. */
export class Unreadable {
  readonly reason: ToolCallReason;
  readonly problem: string;

  constructor(reason: ToolCallReason, problem: string) {
    this.reason = reason;
    this.problem = problem;
  }
}

/** Text that arrives in pieces, with the place up to which it was read. */
export class TextInput {
  #text = '';
  #at = 0;
  /** Where the text begins that `since` gives. */
  #kept: number | undefined;
  #ended = false;

  push(text: string): void {
    const from = Math.min(this.#at, this.#kept ?? this.#at);
    this.#text = this.#text.slice(from) + text;
    this.#at -= from;
    if (this.#kept !== undefined) this.#kept -= from;
  }

  end(): void {
    this.#ended = true;
  }

  /** True when no more text comes. */
  get ended(): boolean {
    return this.#ended;
  }

  /** The text that was not read yet. */
  get rest(): string {
    return this.#text.slice(this.#at);
  }

  /** Read this many characters. */
  take(count: number): string {
    const text = this.#text.slice(this.#at, this.#at + count);
    this.#at += text.length;
    return text;
  }

  /** `since` gives the text from here on. */
  keep(): void {
    this.#kept = this.#at;
  }

  /** Nothing is kept any more. */
  release(): void {
    this.#kept = undefined;
  }

  /** Go back to this many characters after the place of `keep`. */
  backTo(count: number): void {
    this.#at = (this.#kept ?? this.#at) + count;
  }

  /** The text that was read since `keep`. */
  get since(): string {
    return this.#text.slice(this.#kept ?? this.#at, this.#at);
  }

  /** The next character; undefined at the end. */
  *peek(): Reading<string | undefined> {
    while (this.#at >= this.#text.length) {
      if (this.#ended) return undefined;
      yield undefined;
    }
    return this.#text[this.#at];
  }

  *skipSpace(): Reading<void> {
    for (;;) {
      const next = yield* this.peek();
      if (next === undefined || !isSpace(next)) return;
      this.#at++;
    }
  }

  /** Read this text if it comes next. */
  *accept(text: string): Reading<boolean> {
    for (;;) {
      if (this.#text.startsWith(text, this.#at)) {
        this.#at += text.length;
        return true;
      }
      if (this.#ended || !text.startsWith(this.rest)) return false;
      yield undefined;
    }
  }

  /** The first of the texts that comes next, which is not read. Longer ones first. */
  *comesNext(texts: readonly string[]): Reading<string | undefined> {
    for (;;) {
      const { rest } = this;
      const found = texts.find((text) => rest.startsWith(text));
      const isOpen = !this.#ended && texts.some((text) => text.length > rest.length && text.startsWith(rest));
      if (!isOpen) return found;
      yield undefined;
    }
  }

  /** The text before the first of these texts, which is read too. */
  *until(texts: readonly string[]): Reading<{ readonly text: string; readonly found: string | undefined }> {
    for (let from = 0; ; ) {
      const { rest } = this;
      const { at, found } = firstOf(rest, texts, from);
      if (found !== undefined) {
        const text = this.take(at);
        this.take(found.length);
        return { text, found };
      }
      if (this.#ended) return { text: this.take(rest.length), found: undefined };
      from = Math.max(0, rest.length - Math.max(...texts.map(({ length }) => length)));
      yield undefined;
    }
  }

  /** A JSON value, as text. */
  *json(): Reading<string> {
    yield* this.skipSpace();
    let depth = 0;
    let text = '';
    let inString = false;
    for (;;) {
      const next = yield* this.peek();
      if (next === undefined) throw new Unreadable('incomplete', 'ends inside its JSON');
      if (!inString && depth === 0 && text !== '' && !/^[\w.+-]$/.test(next)) return text;
      this.#at++;
      text += next;
      if (inString) {
        if (next === '\\') text += yield* this.#one();
        else if (next === '"') inString = false;
      } else if (next === '"') inString = true;
      else if (next === '{' || next === '[') depth++;
      else if (next === '}' || next === ']') depth--;
      if (!inString && depth <= 0 && /["}\]]/.test(next)) return text;
    }
  }

  *#one(): Reading<string> {
    const next = yield* this.peek();
    if (next === undefined) throw new Unreadable('incomplete', 'ends inside its JSON');
    this.#at++;
    return next;
  }
}

export function isSpace(character: string): boolean {
  return character === ' ' || character === '\n' || character === '\t' || character === '\r';
}

/** The first place of one of the texts; on ties the longest. */
export function firstOf(
  text: string,
  texts: readonly string[],
  from = 0,
): { readonly at: number; readonly found: string | undefined } {
  let at = Infinity;
  let found: string | undefined;
  for (const one of texts) {
    const place = text.indexOf(one, from);
    if (place < 0 || place > at || (place === at && one.length <= found!.length)) continue;
    at = place;
    found = one;
  }
  return { at, found };
}

/** The longest end of `text` that begins one of the texts. */
export function openEnd(text: string, texts: readonly string[]): number {
  let longest = 0;
  for (const one of texts)
    for (let length = Math.min(text.length, one.length - 1); length > longest; length--)
      if (text.endsWith(one.slice(0, length))) {
        longest = length;
        break;
      }
  return longest;
}

/** An error with the text that was read. */
export function callError({ reason, problem }: Unreadable, text: string, tool?: string): ToolCallError {
  return new ToolCallError(reason, problem, withoutMarks(text), tool);
}
