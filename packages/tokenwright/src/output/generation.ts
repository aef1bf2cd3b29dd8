import { GenerationStream } from './generation-stream.ts';

/**
 * A call that is both: `await` it for the finished text, or iterate over the pieces. `await` on it is the same as `await` on `result`.
 *
 * @example
 * ```ts
 * const { text, finishReason, usage } = await lm.generate('Once upon a time');
 * ```
 */
export class Generation<Result> extends GenerationStream<Result> implements Promise<Result> {
  readonly [Symbol.toStringTag]: string = 'Generation';

  /** As of a promise. */
  // biome-ignore lint/suspicious/noThenProperty: a call is awaitable on purpose.
  then<Fulfilled = Result, Rejected = never>(
    onFulfilled?: ((result: Result) => Fulfilled | PromiseLike<Fulfilled>) | null,
    onRejected?: ((reason: unknown) => Rejected | PromiseLike<Rejected>) | null,
  ): Promise<Fulfilled | Rejected> {
    return this.result.then(onFulfilled, onRejected);
  }

  /** As of a promise. */
  catch<Rejected = never>(
    onRejected?: ((reason: unknown) => Rejected | PromiseLike<Rejected>) | null,
  ): Promise<Result | Rejected> {
    return this.result.catch(onRejected);
  }

  /** As of a promise. */
  finally(onFinally?: (() => void) | null): Promise<Result> {
    return this.result.finally(onFinally);
  }
}
