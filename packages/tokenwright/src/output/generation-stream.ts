import { DisposedError, ParameterError } from '@tokenwright/core';
import { type DeepPartial, PartialJson } from '../structured/partial-json.ts';

/**
 * Starts a call and gives its pieces; the generator's return value is the result.
 *
 * @param left aborts when the reader leaves the loop early. The generator then ends soon, with what it has.
 */
export type OpenPieces<Result> = (left: AbortSignal) => AsyncGenerator<string, Result, undefined>;

/**
 * Text that is being generated: iterate over the pieces as they come, and await `result` for the whole.
 *
 * Work begins with the first piece or with `result`, and a piece is computed when it is asked for. Leaving the loop ends the call:
 * `result` then has the text up to there, with `finishReason: 'abort'`.
 *
 * @typeParam Written what the model writes in a call with a `schema`; `partialObjects` are parts of it.
 * @example
 * ```ts
 * const stream = lm.stream('Once upon a time');
 * for await (const piece of stream) process.stdout.write(piece);
 * const { usage } = await stream.result;
 * ```
 */
export class GenerationStream<Result, Written = unknown>
  implements AsyncIterable<string, void, undefined>, AsyncDisposable
{
  readonly #left: AbortController = new AbortController();
  readonly #open: OpenPieces<Result>;
  readonly #hasSchema: () => boolean;
  #source: AsyncGenerator<string, Result, undefined> | undefined;
  #pieces: string[] = [];
  #pending: Promise<void> | undefined;
  #end: { readonly result: Result } | { readonly error: unknown } | undefined;
  #iterated = false;
  #result: Promise<Result> | undefined;

  /** @param hasSchema whether the call has the option `schema`. */
  constructor(open: OpenPieces<Result>, hasSchema: () => boolean = () => false) {
    this.#open = open;
    this.#hasSchema = hasSchema;
  }

  /** The finished text with its finish reason, usage and timing. Reads what is left. */
  get result(): Promise<Result> {
    this.#result ??= this.#readAll();
    return this.#result;
  }

  /**
   * The object of a call with a `schema` as it grows: a new value whenever there is more of it. Names and items are added, and
   * texts get longer; a number appears when it is complete. Parts are neither validated nor transformed: `object` of the result
   * is. They take the place of the pieces, so only one of both can be read; leaving the loop ends the call.
   *
   * @throws ParameterError for a call without a schema; DisposedError when the pieces were read already.
   * @example
   * ```ts
   * const call = lm.generate('A person: ', { schema });
   * for await (const person of call.partialObjects) console.log(person.name);
   * const { object } = await call;
   * ```
   */
  get partialObjects(): AsyncGenerator<DeepPartial<Written>, void, undefined> {
    return this.#growing();
  }

  async *#growing(): AsyncGenerator<DeepPartial<Written>, void, undefined> {
    if (!this.#hasSchema()) throw new ParameterError('partialObjects', 'schema', 'an option of the call', undefined);
    const partial = new PartialJson();
    let last: string | undefined;
    for await (const piece of this) {
      const value = partial.push(piece);
      const text = value === undefined ? undefined : JSON.stringify(value);
      if (text === last) continue;
      last = text;
      yield value as DeepPartial<Written>;
    }
  }

  /**
   * The pieces, once.
   *
   * @throws DisposedError for a second iteration.
   */
  [Symbol.asyncIterator](): AsyncGenerator<string, void, undefined> {
    if (this.#iterated)
      throw new DisposedError(
        'The stream',
        'was read already (its pieces come once: `await stream.result` has the whole text, and another call gives another stream)',
      );
    this.#iterated = true;
    return this.#iterate();
  }

  async *#iterate(): AsyncGenerator<string, void, undefined> {
    try {
      for (;;) {
        const piece = this.#pieces.shift();
        if (piece !== undefined) yield piece;
        else if (this.#end === undefined) await this.#advance();
        else if ('error' in this.#end) throw this.#end.error;
        else return;
      }
    } finally {
      this.#pieces = [];
      if (this.#result === undefined) await this.cancel();
    }
  }

  /** End the call, as an aborted signal does, and wait until everything is released. `result` has the text up to there. */
  async cancel(): Promise<void> {
    if (this.#end === undefined) this.#left.abort(new DOMException('The stream was cancelled.', 'AbortError'));
    while (this.#end === undefined) await this.#advance();
  }

  /** The same as `cancel`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.cancel();
  }

  async #readAll(): Promise<Result> {
    while (this.#end === undefined) await this.#advance();
    if ('error' in this.#end) throw this.#end.error;
    return this.#end.result;
  }

  /** Read one piece. Callers at the same time share it. */
  #advance(): Promise<void> {
    this.#pending ??= this.#pull().finally(() => {
      this.#pending = undefined;
    });
    return this.#pending;
  }

  async #pull(): Promise<void> {
    try {
      this.#source ??= this.#open(this.#left.signal);
      const next = await this.#source.next();
      if (next.done === true) this.#end = { result: next.value };
      else this.#pieces.push(next.value);
    } catch (error) {
      this.#end = { error };
    }
  }
}
