import { DisposedError } from '@tokenwright/core';

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
 * @example
 * ```ts
 * const stream = lm.stream('Once upon a time');
 * for await (const piece of stream) process.stdout.write(piece);
 * const { usage } = await stream.result;
 * ```
 */
export class GenerationStream<Result> implements AsyncIterable<string, void, undefined>, AsyncDisposable {
  readonly #left: AbortController = new AbortController();
  readonly #open: OpenPieces<Result>;
  #source: AsyncGenerator<string, Result, undefined> | undefined;
  #pieces: string[] = [];
  #pending: Promise<void> | undefined;
  #end: { readonly result: Result } | { readonly error: unknown } | undefined;
  #iterated = false;
  #result: Promise<Result> | undefined;

  constructor(open: OpenPieces<Result>) {
    this.#open = open;
  }

  /** The finished text with its finish reason, usage and timing. Reads what is left. */
  get result(): Promise<Result> {
    this.#result ??= this.#readAll();
    return this.#result;
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
