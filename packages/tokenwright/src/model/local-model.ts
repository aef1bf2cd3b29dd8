import { applyChatTemplate, type ChatMessage, literalMessages, planReply } from '@tokenwright/chat';
import {
  type Engine,
  type EngineMemory,
  encodePrompt,
  type GenerateOptions,
  generateBatch,
  type LanguageModel,
  ParameterError,
  type SequenceToSequence,
  score,
  UnsupportedError,
} from '@tokenwright/core';
import { checkBoolean, checkSignal, readOptions, readRecord } from '@tokenwright/core/options';
import type { LoadedTokenizer } from '@tokenwright/loaders';
import { type CallOptions, type ResolvedCall, resolveCall } from '../options/call-options.ts';
import type { LanguageModelOptions } from '../options/load-options.ts';
import { Generation } from '../output/generation.ts';
import { GenerationStream, type OpenPieces } from '../output/generation-stream.ts';
import { type BatchTextResult, type ChatResult, type TextResult, textResult } from '../output/text-result.ts';
import type { LanguageModelSource } from '../sources/find-model.ts';
import { CompiledConstraints } from '../structured/compiled-constraints.ts';
import { ChatMemories } from './chat-memory.ts';
import { infoOf } from './model-info.ts';
import { type OpenedModel, openModel } from './open-model.ts';
import { checkPrompt, checkPrompts } from './prompt.ts';
import { checkUnstructured, continued, partsOf, replyPieces } from './reply-pieces.ts';
import { RunningCalls } from './running-calls.ts';
import { cutNotice, hasSchema, stopOf, withObject, withObjects } from './structured-results.ts';
import type {
  ChatCallOptions,
  LanguageModelInfo,
  Prompt,
  ScoreCallOptions,
  TextModel,
  TextScore,
} from './text-model.ts';
import { textPieces } from './text-pieces.ts';

/** A language model of this thread: text in and out, and what is below: `model` or `sequenceToSequence`, `tokenizer`, `engine`. */
export class LocalModel implements TextModel {
  readonly info: LanguageModelInfo;
  readonly #opened: OpenedModel;
  readonly #calls: RunningCalls;
  readonly #chats: ChatMemories | undefined;
  readonly #constraints: CompiledConstraints;
  readonly #onNotice: (message: string) => void;

  /** @param onNotice receives a sentence when a reply is cut off before its JSON is complete. */
  constructor(opened: OpenedModel, onNotice: (message: string) => void) {
    this.info = infoOf(opened);
    this.#opened = opened;
    this.#onNotice = onNotice;
    this.#constraints = new CompiledConstraints(opened.tokenizer);
    this.#calls = new RunningCalls(this.info.name);
    this.#chats = opened.model && new ChatMemories(opened.model);
  }

  /**
   * The model below, for `generate` and the other functions of `tokenwright/core`.
   *
   * @throws UnsupportedError for an encoder-decoder model, which has a `sequenceToSequence`.
   */
  get model(): LanguageModel {
    const { model } = this.#opened;
    if (model !== undefined) return model;
    throw new UnsupportedError(
      '`model`',
      `The encoder-decoder model '${this.info.name}'`,
      'A model for one source is: await lm.sequenceToSequence.encode({ ids: lm.sourceTokenizer.encode(source) }).',
    );
  }

  /**
   * The encoder-decoder model below.
   *
   * @throws UnsupportedError for a model without an encoder, which has a `model`.
   */
  get sequenceToSequence(): SequenceToSequence {
    const { sequenceToSequence } = this.#opened;
    if (sequenceToSequence !== undefined) return sequenceToSequence;
    throw new UnsupportedError(
      '`sequenceToSequence`',
      `The model '${this.info.name}'`,
      'It has no encoder: use `model`.',
    );
  }

  /** Text to ids and back. Of an encoder-decoder model: for its outputs. */
  get tokenizer(): LoadedTokenizer {
    return this.#opened.tokenizer;
  }

  /**
   * Encodes what an encoder-decoder model reads. The same object as `tokenizer`, unless the model has a vocabulary or a SentencePiece model
   * for each side.
   *
   * @throws UnsupportedError for a model without an encoder, whose prompts are encoded by `tokenizer`.
   */
  get sourceTokenizer(): LoadedTokenizer {
    const { sourceTokenizer } = this.#opened;
    if (sourceTokenizer !== undefined) return sourceTokenizer;
    throw new UnsupportedError(
      '`sourceTokenizer`',
      `The model '${this.info.name}'`,
      'It has no encoder: `tokenizer` encodes prompts.',
    );
  }

  get engine(): Engine {
    return this.#opened.engine;
  }

  generate<const Value = unknown, Written = Value>(
    prompt: Prompt,
    options: CallOptions<Value, Written> = {},
  ): Generation<TextResult<Value>, Written> {
    const call: Generation<TextResult<Value>, Written> = new Generation(
      this.#open('generate', () => call, prompt, options),
      () => hasSchema(options),
    );
    return call;
  }

  stream<const Value = unknown, Written = Value>(
    prompt: Prompt,
    options: CallOptions<Value, Written> = {},
  ): GenerationStream<TextResult<Value>, Written> {
    const call: GenerationStream<TextResult<Value>, Written> = new GenerationStream(
      this.#open('stream', () => call, prompt, options),
      () => hasSchema(options),
    );
    return call;
  }

  chat<const Value = unknown, Written = Value>(
    messages: readonly ChatMessage[],
    options: ChatCallOptions<Value, Written> = {},
  ): Generation<ChatResult<Value>, Written> {
    const call: Generation<ChatResult<Value>, Written> = new Generation(
      (left) =>
        this.#calls.run(
          () => call,
          () => this.#answer(messages, options, left),
        ),
      () => hasSchema(options),
    );
    return call;
  }

  generateBatch<const Value = unknown, Written = Value>(
    prompts: readonly Prompt[],
    options: CallOptions<Value, Written> = {},
  ): Promise<readonly BatchTextResult<Value>[]> {
    const owner = 'generateBatch';
    return this.#whole(async (left) => {
      checkPrompts(owner, prompts);
      const resolved = await this.#resolve(owner, options, left);
      const ids = prompts.map((prompt) => this.#encodePrompt(prompt));
      if (ids.length === 0) return [];
      const { model, starts, release } = await this.#bind(ids);
      try {
        const { sequences } = await generateBatch(model, starts, resolved.options);
        const results = sequences.map((end) => ({
          ...textResult(end, undefined),
          promptIndex: end.promptIndex,
          sequence: end.sequence,
        }));
        return (await this.#finishAll(owner, resolved, results)) as BatchTextResult<Value>[];
      } finally {
        release();
      }
    });
  }

  score(text: Prompt, options: ScoreCallOptions = {}): Promise<TextScore> {
    return this.#whole(async (left) => {
      checkPrompt('score', 'text', text);
      const { source, ...rest } = readOptions('score', options, scoreOptions);
      if (rest.signal !== undefined) checkSignal('score', 'signal', rest.signal);
      const hasEncoder = this.#opened.sequenceToSequence !== undefined;
      if (hasEncoder) checkPrompt('score', 'source', source as Prompt);
      else if (source !== undefined)
        throw new ParameterError('score', 'source', 'left out for a model without an encoder', source);
      const given = this.#encode(this.#opened.tokenizer, text);
      const { model, starts, release } = await this.#bind([hasEncoder ? this.#encodePrompt(source as Prompt) : given]);
      try {
        const ids = hasEncoder
          ? [...(model.defaults.decoderStartTokenIds ?? []), ...Array.from(given)]
          : Array.from(starts[0]!);
        const signal = rest.signal === undefined ? left : AbortSignal.any([left, rest.signal]);
        const { tokens, ...sums } = await score(model, ids, { ...rest, signal });
        const { tokenizer } = this.#opened;
        return { ...sums, tokens: tokens.map((token) => ({ ...token, text: tokenizer.decode([token.id]) })) };
      } finally {
        release();
      }
    });
  }

  async memory(): Promise<EngineMemory> {
    return this.#opened.engine.memory();
  }

  dispose(): Promise<void> {
    return this.#calls.close(async () => {
      this.#chats?.dispose();
      await this.#opened.dispose();
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  #open(
    owner: string,
    call: () => Pick<GenerationStream<unknown>, 'cancel'>,
    prompt: Prompt,
    options: CallOptions,
  ): OpenPieces<TextResult<never>> {
    return (left) => this.#calls.run(call, () => this.#continue(owner, prompt, options, left));
  }

  async *#continue(
    owner: string,
    prompt: Prompt,
    options: CallOptions,
    left: AbortSignal,
  ): AsyncGenerator<string, TextResult<never>, undefined> {
    checkPrompt(owner, 'prompt', prompt);
    const resolved = await this.#resolve(owner, options, left);
    checkSingle(owner, options);
    const { model, starts, release } = await this.#bind([this.#encodePrompt(prompt)]);
    let result: TextResult;
    try {
      result = yield* textPieces(model, starts[0]!, resolved.options);
    } finally {
      release();
    }
    return this.#finish(owner, resolved, result);
  }

  async *#answer(
    messages: readonly ChatMessage[],
    callOptions: ChatCallOptions,
    left: AbortSignal,
  ): AsyncGenerator<string, ChatResult<never>, undefined> {
    const given = readRecord<ChatCallOptions>('chat', callOptions, 'options');
    const { tools, toolChoice, parallelToolCalls, toolFormat, reasoning, ...others } = given;
    const { template, variables, literalContent = false, continueFinalMessage = false, ...options } = others;
    const { model, chatTemplate, tokenizer } = this.#opened;
    if (model === undefined || this.#chats === undefined)
      throw new UnsupportedError('chat', `The encoder-decoder model '${this.info.name}'`, 'Use lm.generate(source).');
    if (typeof messages === 'string')
      throw new ParameterError('chat', 'messages', "a list of messages: [{ role: 'user', content: ... }]", messages);
    if ((options as CallOptions).cache !== undefined)
      throw new ParameterError('chat', 'cache', 'left out: a chat has its own', (options as CallOptions).cache);
    checkSingle('chat', options);
    const resolved = await this.#resolve('chat', options, left);
    checkBoolean('chat', 'literalContent', literalContent);
    checkBoolean('chat', 'continueFinalMessage', continueFinalMessage);
    if (chatTemplate === undefined) applyChatTemplate(chatTemplate, messages);
    const isStructured = resolved.output !== undefined;
    checkUnstructured(isStructured, given);
    const asked = { tools, toolChoice, parallelToolCalls, toolFormat: isStructured ? 'none' : toolFormat, reasoning };
    const plan = planReply('chat', chatTemplate!, asked, { template, variables });
    const planned = plan.messages(messages);
    const literal = literalContent && Array.isArray(planned) ? literalMessages(tokenizer, planned) : undefined;
    const text = applyChatTemplate(chatTemplate, literal?.messages ?? planned, {
      ...plan.template,
      ...(template === undefined ? {} : { template }),
      ...(continueFinalMessage ? { continueFinalMessage } : {}),
    });
    const start = { prompt: text, messages, continues: continueFinalMessage };
    const reply = await plan.open(tokenizer, start, { readsParts: !isStructured });
    const memory = this.#chats.take();
    let result: TextResult;
    try {
      const ids = memory.prompts.encode(
        text,
        literal?.encode ?? ((part) => tokenizer.encode(part, { addSpecialTokens: false })),
      );
      result = yield* replyPieces(model, ids, reply, { ...resolved.options, cache: memory.cache });
      const newIds = typeof result.stopReason === 'number' ? result.ids.slice(0, -1) : result.ids;
      memory.prompts.remember({ text, ids }, newIds, reply);
    } finally {
      this.#chats.giveBack(memory);
    }
    const message = continueFinalMessage ? continued(messages.at(-1), reply.message) : reply.message;
    return { ...(await this.#finish('chat', resolved, result)), ...partsOf(reply), message };
  }

  async #finish(owner: string, { options, output }: ResolvedCall, result: TextResult): Promise<TextResult<never>> {
    this.#noticeCut(owner, { options, output }, [result]);
    return (await withObject(owner, output, result)) as TextResult<never>;
  }

  async #finishAll(
    owner: string,
    { options, output }: ResolvedCall,
    results: readonly BatchTextResult[],
  ): Promise<readonly BatchTextResult[]> {
    this.#noticeCut(owner, { options, output }, results);
    return withObjects(owner, output, results);
  }

  #noticeCut(owner: string, { options, output }: ResolvedCall, results: readonly TextResult[]): void {
    const notice = cutNotice(owner, output, options.maxNewTokens, results);
    if (notice !== undefined) this.#onNotice(notice);
  }

  /** A call that gives its result at the end. */
  #whole<Result>(work: (left: AbortSignal) => Promise<Result>): Promise<Result> {
    const call: GenerationStream<Result> = new GenerationStream((left) =>
      this.#calls.run(
        () => call,
        // biome-ignore lint/correctness/useYield: it has no pieces.
        async function* () {
          return await work(left);
        },
      ),
    );
    return call.result;
  }

  async #resolve(owner: string, given: CallOptions, left: AbortSignal): Promise<ResolvedCall> {
    const { options, output } = resolveCall(owner, given, this.#opened.generationConfig);
    if (options.signal !== undefined) checkSignal(owner, 'signal', options.signal);
    const signal = options.signal === undefined ? left : AbortSignal.any([left, options.signal]);
    const all: GenerateOptions = { ...options, signal, tokenizer: this.#opened.tokenizer };
    if (output === undefined) return { options: all, output };
    const { sampler, stopWhen } = await this.#constraints.of(owner, output.constraint);
    return {
      options: { ...all, samplers: [sampler, ...all.samplers!], stopWhen: stopOf(owner, options, stopWhen) },
      output,
    };
  }

  /** What the model reads: the source of an encoder-decoder model. */
  #encodePrompt(prompt: Prompt): ArrayLike<number> {
    return this.#encode(this.#opened.sourceTokenizer ?? this.#opened.tokenizer, prompt);
  }

  #encode(tokenizer: LoadedTokenizer, text: Prompt): ArrayLike<number> {
    return typeof text === 'string' ? encodePrompt(tokenizer, text) : text;
  }

  /** The model that continues these prompts, and what it starts from: for an encoder-decoder model, one that has read them. */
  async #bind(
    prompts: readonly ArrayLike<number>[],
  ): Promise<{ model: LanguageModel; starts: readonly ArrayLike<number>[]; release: () => void }> {
    const { model, sequenceToSequence } = this.#opened;
    if (model !== undefined) return { model, starts: prompts, release: () => {} };
    const bound = await sequenceToSequence!.encode({ ids: prompts });
    return { model: bound, starts: prompts.map(() => []), release: () => bound.dispose() };
  }
}

const scoreOptions = ['promptLength', 'samplers', 'seed', 'top', 'chunk', 'signal', 'source'];

/** One text comes out of a call: several would mix. */
function checkSingle(owner: string, { numReturnSequences = 1, seed }: CallOptions): void {
  if (numReturnSequences !== 1)
    throw new ParameterError(
      owner,
      'numReturnSequences',
      '1 (lm.generateBatch([prompt], { numReturnSequences }) returns several)',
      numReturnSequences,
    );
  if (Array.isArray(seed)) throw new ParameterError(owner, 'seed', 'one integer; a list is for generateBatch', seed);
}

/** Find a model, start an engine and load it. */
export async function openLocal(source: LanguageModelSource, options: LanguageModelOptions): Promise<LocalModel> {
  const { onNotice = (message) => console.warn(`Tokenwright: ${message}`) } = options;
  return new LocalModel(await openModel(source, options), onNotice);
}
