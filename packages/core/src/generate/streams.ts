import { DisposedError, ParameterError } from '../errors.ts';
import { BatchResult } from './batch-result.ts';
import type { Control, EndEvent, StreamEvent, Timing, Usage } from './contract/events.ts';
import type { Finish } from './contract/finish.ts';
import type { OptionReport } from './contract/options.ts';

/**
 * The events of a call, in order. Iterate with `for await`; steer with `next(control)`; or `await` it for the finished
 * sequences. The call starts with the first event that is asked for.
 */
export class TokenStream
  implements AsyncIterableIterator<StreamEvent, void, Control | undefined>, PromiseLike<BatchResult>
{
  readonly #events: AsyncGenerator<StreamEvent, void, Control | undefined>;
  readonly #ends: EndEvent[] = [];
  #state: 'open' | 'done' | 'left' = 'open';
  #result: Promise<BatchResult> | undefined;
  #last: StreamEvent['type'] | undefined;

  constructor(events: AsyncGenerator<StreamEvent, void, Control | undefined>) {
    this.#events = events;
  }

  /**
   * The next event.
   *
   * @param control what to do with the sequence of the last event, which must be a token event.
   * @throws ParameterError for a control after another event, which changes nothing: the stream can be read on. UnknownOptionError,
   * ParameterError and UnsupportedError for a control that is not possible, which end the call.
   */
  async next(control?: Control): Promise<IteratorResult<StreamEvent, void>> {
    if (this.#state === 'open' && this.#last !== 'token' && !isNone(control))
      throw new ParameterError('generate', 'control', 'an answer to a token event', control);
    const result = await this.#events.next(control);
    this.#last = result.done === true ? undefined : result.value.type;
    if (result.done === true) this.#state = this.#state === 'left' ? 'left' : 'done';
    else if (result.value.type === 'end') this.#ends.push(result.value);
    return result;
  }

  /** End early. Everything is released; a cache of the caller stays as it is. */
  return(): Promise<IteratorResult<StreamEvent, void>> {
    if (this.#state === 'open') this.#state = 'left';
    return this.#events.return();
  }

  throw(error: unknown): Promise<IteratorResult<StreamEvent, void>> {
    if (this.#state === 'open') this.#state = 'left';
    return this.#events.throw(error);
  }

  /** @throws DisposedError when the stream was read before: a stream is read once. */
  [Symbol.asyncIterator](): this {
    if (this.#state !== 'open') throw new DisposedError('The stream', 'was read already; call generate again');
    return this;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.return().then(() => undefined);
  }

  // biome-ignore lint/suspicious/noThenProperty: awaiting the stream gives the finished sequences.
  then<A = BatchResult, B = never>(
    onResult?: ((result: BatchResult) => A | PromiseLike<A>) | null,
    onError?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#result ??= this.#finish();
    return this.#result.then(onResult, onError);
  }

  catch<B = never>(onError?: ((error: unknown) => B | PromiseLike<B>) | null): Promise<BatchResult | B> {
    return this.then(undefined, onError);
  }

  finally(onSettled?: (() => void) | null): Promise<BatchResult> {
    return this.then().finally(onSettled);
  }

  /** Reads the events that are left. */
  async #finish(): Promise<BatchResult> {
    while (this.#state === 'open') await this.next();
    if (this.#state === 'left') throw new DisposedError('The stream', 'was left before its end');
    return new BatchResult(this.#ends);
  }
}

/** Nothing, or an object that asks for nothing. */
function isNone(control: unknown): boolean {
  if (control === undefined) return true;
  if (typeof control !== 'object' || control === null || Array.isArray(control)) return false;
  return Object.entries(control).every(([name, value]) => value === undefined || isOff(name, value));
}

/** Whether a member of a control has the value that asks for nothing. */
function isOff(name: string, value: unknown): boolean {
  if (name === 'stop') return value === false;
  if (name === 'rewind') return value === 0;
  return (name === 'force' || name === 'ban') && Array.isArray(value) && value.length === 0;
}

/** The outcome of `generateText`. */
export interface TextResult extends Finish {
  /** The new text, without stop strings and control tokens. */
  readonly text: string;
  /** New tokens, including the one that ended the text. */
  readonly ids: readonly number[];
  /** The strategy's own score of the sequence, if it has one. */
  readonly score?: number;
  readonly usage: Usage;
  readonly timing: Timing;
  /** The options in force, and where each value came from. */
  readonly options: OptionReport;
}

/**
 * The text of a call: `await` it for the result, or iterate over the pieces as they come. Both work together: awaiting after
 * the loop, or during it, gives the result of the same call. The call starts with the first use.
 */
export class TextGeneration implements AsyncIterable<string, void, undefined>, PromiseLike<TextResult> {
  readonly #stream: TokenStream;
  #result: Promise<TextResult> | undefined;
  #readers = 0;

  constructor(stream: TokenStream) {
    this.#stream = stream;
  }

  /** @throws DisposedError when the text was read before: pieces are read once. */
  [Symbol.asyncIterator](): AsyncGenerator<string, void, undefined> {
    if (this.#readers++ > 0 || this.#result !== undefined)
      throw new DisposedError('The text', 'was read already; await it for the whole text, or call again');
    return this.#pieces();
  }

  // biome-ignore lint/suspicious/noThenProperty: awaiting the generation gives its result.
  then<A = TextResult, B = never>(
    onResult?: ((result: TextResult) => A | PromiseLike<A>) | null,
    onError?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#result ??= this.#finish();
    return this.#result.then(onResult, onError);
  }

  catch<B = never>(onError?: ((error: unknown) => B | PromiseLike<B>) | null): Promise<TextResult | B> {
    return this.then(undefined, onError);
  }

  finally(onSettled?: (() => void) | null): Promise<TextResult> {
    return this.then().finally(onSettled);
  }

  async *#pieces(): AsyncGenerator<string, void, undefined> {
    for await (const event of this.#stream) {
      const text = event.type === 'token' ? event.text : event.type === 'end' ? event.tail : undefined;
      if (text !== undefined && text !== '') yield text;
    }
  }

  async #finish(): Promise<TextResult> {
    const { sequences } = await this.#stream;
    const { text = '', ids, finishReason, stopReason, score, usage, timing, options } = sequences[0]!;
    return {
      text,
      ids,
      finishReason,
      ...(stopReason === undefined ? {} : { stopReason }),
      ...(score === undefined ? {} : { score }),
      usage,
      timing,
      options,
    };
  }
}
