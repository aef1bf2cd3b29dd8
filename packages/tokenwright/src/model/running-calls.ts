import { DisposedError } from '@tokenwright/core';
import type { GenerationStream } from '../output/generation-stream.ts';

type Call = Pick<GenerationStream<unknown>, 'cancel'>;

/** The calls of a model that have begun and not ended, so that `dispose` can end them first. */
export class RunningCalls {
  readonly #name: string;
  readonly #calls: Set<Call> = new Set();
  #closed: Promise<void> | undefined;

  /** @param name of the model, for errors. */
  constructor(name: string) {
    this.#name = name;
  }

  /**
   * The pieces of a call, for as long as it runs.
   *
   * @throws DisposedError after `close`.
   */
  async *run<Result>(
    call: () => Call,
    pieces: () => AsyncGenerator<string, Result, undefined>,
  ): AsyncGenerator<string, Result, undefined> {
    if (this.#closed !== undefined) throw new DisposedError(`The language model '${this.#name}'`);
    const running = call();
    this.#calls.add(running);
    try {
      return yield* pieces();
    } finally {
      this.#calls.delete(running);
    }
  }

  /** End all calls, and let no other begin; then release what they used. Only the first call of this counts. */
  close(release: () => Promise<void>): Promise<void> {
    this.#closed ??= this.#close(release);
    return this.#closed;
  }

  async #close(release: () => Promise<void>): Promise<void> {
    await Promise.allSettled([...this.#calls].map((call) => call.cancel()));
    await release();
  }
}
