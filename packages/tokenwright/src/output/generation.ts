import { GenerationStream } from './generation-stream.ts';

/**
 * A running call. `await` it for the finished result, or iterate over it for pieces of text. Awaiting it is the same as
 * awaiting its `result`.
 *
 * @example
 * ```ts
 * const { text, finishReason, usage } = await lm.generate('Once upon a time');
 * ```
 */
export class Generation<Result, Written = unknown>
  extends GenerationStream<Result, Written>
  implements Promise<Result>
{
  readonly [Symbol.toStringTag]: string = 'Generation';

  /** Makes the call awaitable. Same as `result.then`. */
  // biome-ignore lint/suspicious/noThenProperty: a call is awaitable on purpose.
  then<Fulfilled = Result, Rejected = never>(
    onFulfilled?: ((result: Result) => Fulfilled | PromiseLike<Fulfilled>) | null,
    onRejected?: ((reason: unknown) => Rejected | PromiseLike<Rejected>) | null,
  ): Promise<Fulfilled | Rejected> {
    return this.result.then(onFulfilled, onRejected);
  }

  /** Same as `result.catch`. */
  catch<Rejected = never>(
    onRejected?: ((reason: unknown) => Rejected | PromiseLike<Rejected>) | null,
  ): Promise<Result | Rejected> {
    return this.result.catch(onRejected);
  }

  /** Same as `result.finally`. */
  finally(onFinally?: (() => void) | null): Promise<Result> {
    return this.result.finally(onFinally);
  }
}
