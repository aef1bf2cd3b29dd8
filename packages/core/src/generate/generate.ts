import { DisposedError, ParameterError } from '../errors.ts';
import { isBatch } from '../model/is-batch.ts';
import type { LanguageModel } from '../model/language-model.ts';
import type { Tokenizer } from '../text/tokenizer.ts';
import { BatchResult } from './batch-result.ts';
import { warnAboutChain } from './chain-warnings.ts';
import { DecodingState } from './decoding-state.ts';
import type { Control, EndEvent, StreamEvent } from './events.ts';
import { InterruptedError } from './interrupted-error.ts';
import { type GenerateOptions, resolveOptions } from './options.ts';
import { GenerationRun } from './run.ts';
import { sampling } from './sampling.ts';

/**
 * Generate from one prompt or from several at once. Returns at once; work begins with the first event that is asked for.
 *
 * @param prompt ids, or a list of ids a row; an empty prompt starts from the model's start tokens. Or a state to go on from: then
 * seed and cache are the state's, and it is left where the call stops.
 * @throws UnknownOptionError, ParameterError for options, at once; ContextLengthError, ParameterError for prompts, with the first
 * event, before anything is fed.
 */
export function generate(
  model: LanguageModel,
  prompt: ArrayLike<number> | readonly ArrayLike<number>[] | DecodingState,
  options: GenerateOptions = {},
): TokenStream {
  if (!(prompt instanceof DecodingState) && typeof prompt?.length !== 'number')
    throw new ParameterError('generate', 'prompt', 'ids, a list of ids for each row, or a decoding state', prompt);
  const given = prompt instanceof DecodingState ? optionsOfState(prompt, options) : options;
  const { options: resolved, report } = resolveOptions('generate', given, model.defaults);
  warnAboutChain(resolved);
  const prompts = prompt instanceof DecodingState || isBatch(prompt) ? prompt : [prompt];
  const open = (): GenerationRun => new GenerationRun(model, prompts, resolved, report);
  return new TokenStream(decode(open));
}

/** Generate for a batch and wait for all of it. A batch of none has no results. */
export function generateBatch(
  model: LanguageModel,
  prompts: readonly ArrayLike<number>[],
  options: GenerateOptions = {},
): Promise<BatchResult> {
  if (prompts.length > 0) return generate(model, prompts, options).result();
  resolveOptions('generate', options, model.defaults);
  return Promise.resolve(new BatchResult([]));
}

/**
 * Generate text from text. Iterate over the pieces as they come, or `await` the `result`.
 *
 * @param prompt encoded with the tokenizer's special tokens.
 * @throws ParameterError for several sequences, whose texts would run into each other: `generate` tells them apart.
 */
export function generateText(
  model: LanguageModel,
  tokenizer: Tokenizer,
  prompt: string,
  options: GenerateOptions = {},
): TextGeneration {
  if ((options.numReturnSequences ?? 1) !== 1)
    throw new ParameterError(
      'generateText',
      'numReturnSequences',
      '1; use generate for several,',
      options.numReturnSequences,
    );
  return new TextGeneration(generate(model, tokenizer.encode(prompt), { ...options, tokenizer }));
}

/** The events of a call, in order. An async generator: `for await`, or `next(answer)` to steer. */
export class TokenStream implements AsyncIterableIterator<StreamEvent, void, Control | undefined> {
  readonly #events: AsyncGenerator<StreamEvent, void, Control | undefined>;

  constructor(events: AsyncGenerator<StreamEvent, void, Control | undefined>) {
    this.#events = events;
  }

  next(answer?: Control): Promise<IteratorResult<StreamEvent, void>> {
    return this.#events.next(answer);
  }

  /** End early. Everything is released; a cache of the caller stays as it is. */
  return(): Promise<IteratorResult<StreamEvent, void>> {
    return this.#events.return();
  }

  throw(error: unknown): Promise<IteratorResult<StreamEvent, void>> {
    return this.#events.throw(error);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Read what is left and return the finished sequences. */
  async result(): Promise<BatchResult> {
    const ends: EndEvent[] = [];
    for await (const event of this) if (event.type === 'end') ends.push(event);
    return new BatchResult(ends);
  }
}

/** The text of a call, piece by piece. */
export class TextGeneration implements AsyncIterable<string> {
  readonly #stream: TokenStream;
  #end: EndEvent | undefined;

  constructor(stream: TokenStream) {
    this.#stream = stream;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<string, void, undefined> {
    for await (const event of this.#stream) {
      const text = event.type === 'token' ? event.text : event.type === 'end' ? event.tail : undefined;
      if (event.type === 'end') this.#end ??= event;
      if (text !== undefined && text !== '') yield text;
    }
  }

  /**
   * The end event, after reading what is left: text, reason, usage, timing, options.
   * @throws DisposedError when the pieces were not read to the end: leaving them ends the call.
   */
  async result(): Promise<EndEvent> {
    for await (const _ of this);
    if (this.#end === undefined) throw new DisposedError('The text', 'was left before its end');
    return this.#end;
  }
}

async function* decode(open: () => GenerationRun): AsyncGenerator<StreamEvent, void, Control | undefined> {
  const run = open();
  try {
    for (const output of run.outputs) {
      const full = run.fullFromTheStart(output.promptIndex);
      if (full !== undefined) yield run.end(output, full);
    }
    if (run.outputs.every(({ ended }) => ended)) return;
    const strategy = run.options.strategy ?? sampling();
    try {
      yield* strategy.decode(run);
    } catch (error) {
      if (!(error instanceof InterruptedError)) throw error;
      for (const output of run.outputs) if (!output.ended) yield run.end(output, error.reason);
    }
    for (const output of run.outputs) if (!output.ended) yield run.end(output, 'settled');
  } finally {
    run.dispose();
  }
}

/** What a state brings: its seed, its cache, its tokenizer. The call may not contradict it. */
function optionsOfState(state: DecodingState, options: GenerateOptions): GenerateOptions {
  for (const name of ['seed', 'cache'] as const)
    if (options[name] !== undefined)
      throw new ParameterError('generate', name, "left out: it is the state's", options[name]);
  if ((options.numReturnSequences ?? 1) !== 1)
    throw new ParameterError(
      'generate',
      'numReturnSequences',
      '1 when a state goes on; fork it for more',
      options.numReturnSequences,
    );
  if (options.tokenizer !== undefined && state.tokenizer !== undefined && options.tokenizer !== state.tokenizer)
    throw new ParameterError('generate', 'tokenizer', "left out, or the state's own", options.tokenizer);
  const { seed, cache, tokenizer } = state;
  return { ...(tokenizer === undefined ? {} : { tokenizer }), ...options, seed, cache };
}
