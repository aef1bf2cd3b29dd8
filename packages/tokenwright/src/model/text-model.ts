import type { EngineReport } from '@tokenwright/backends';
import type { ChatMessage, ChatOptions, ReplyOptions } from '@tokenwright/chat';
import type { EngineMemory, ScoredText, ScoredToken, ScoreOptions } from '@tokenwright/core';
import type { CallOptions } from '../options/call-options.ts';
import type { Generation } from '../output/generation.ts';
import type { GenerationStream } from '../output/generation-stream.ts';
import type { BatchTextResult, ChatResult, TextResult } from '../output/text-result.ts';

/** A text, or the ids of one. */
export type Prompt = string | ArrayLike<number>;

/** Options of `chat`: those of `generate`, and what the chat template reads. */
export interface ChatCallOptions<Value = unknown, Written = Value>
  extends Omit<CallOptions<Value, Written>, 'cache'>,
    ReplyOptions {
  /** The model continues the text of the last message, which is the assistant's. Default false. */
  readonly continueFinalMessage?: boolean | undefined;
  /** Which chat template of a model that has several. Default `'tool_use'` if it exists and tools are given, otherwise `'default'`. */
  readonly template?: string | undefined;
  /** Take special tokens that users and tools write for plain text. Default false. */
  readonly literalContent?: boolean | undefined;
  /** Further variables of the template, such as `{ enable_thinking: false }`. Default none. */
  readonly variables?: ChatOptions['variables'] | undefined;
}

/** Options of `score`. */
export interface ScoreCallOptions extends ScoreOptions {
  /** What an encoder-decoder model reads; required for one, and absent for other models. */
  readonly source?: Prompt | undefined;
}

/** A scored token with its text. */
export interface ScoredPiece extends ScoredToken {
  readonly text: string;
}

/** A scored text. */
export interface TextScore extends Omit<ScoredText, 'tokens'> {
  readonly tokens: readonly ScoredPiece[];
}

/** What a model is and what runs it. */
export interface LanguageModelInfo {
  readonly name: string;
  /** Architecture, as config.json names it: 'llama', 'gpt2' … */
  readonly family: string;
  readonly parameters: number;
  /** Size of the weights as stored, in bytes. */
  readonly modelBytes: number;
  /** Maximum number of tokens of one text that the model reads. They give one more token, which ends the text. */
  readonly contextLength: number;
  readonly vocabSize: number;
  /** True for a model that reads a source and writes a text about it, such as a translator. */
  readonly hasEncoder: boolean;
  /** True when `chat` works. */
  readonly hasChatTemplate: boolean;
  /** Contents of generation_config.json: the defaults of every call. */
  readonly generationConfig: Readonly<Record<string, unknown>>;
  /** Which engine was chosen and why, how it holds weights, and what else was tried. */
  readonly engine: EngineReport;
}

/** A language model that takes and gives text, here or in a Worker. Calls may run at the same time. */
export interface TextModel extends AsyncDisposable {
  readonly info: LanguageModelInfo;
  /**
   * Continue a text; an encoder-decoder model reads it and writes another. `await` the call for the result, or iterate over the pieces.
   *
   * Errors arise when the call is awaited or read: UnknownOptionError, ParameterError, ContextLengthError, DisposedError.
   *
   * @example
   * ```ts
   * const { text, finishReason, usage } = await lm.generate('Once upon a time', { temperature: 0.8, topP: 0.95, seed: 7 });
   * const { object } = await lm.generate('A person: ', { schema: z.object({ name: z.string(), age: z.number() }) });
   * ```
   *
   * @typeParam Value what `object` of the result is; inferred from `schema` and `choices`. For a plain JSON Schema, name it:
   * `lm.generate<Person>(prompt, { schema })`.
   * @typeParam Written what the model writes, before transforms and defaults of the schema.
   */
  generate<const Value = unknown, Written = Value>(
    prompt: Prompt,
    options?: CallOptions<Value, Written>,
  ): Generation<TextResult<Value>, Written>;
  /**
   * The same as an async iterable of text that is not a promise, so that an async function can return it.
   *
   * @example
   * ```ts
   * for await (const piece of lm.stream('Once upon a time')) process.stdout.write(piece);
   * ```
   */
  stream<const Value = unknown, Written = Value>(
    prompt: Prompt,
    options?: CallOptions<Value, Written>,
  ): GenerationStream<TextResult<Value>, Written>;
  /**
   * Answer the last of these messages; with `tools`, the answer may be calls of them. Stateless: give all messages each time. When they extend those of the last call, only what is
   * new is computed.
   *
   * @example
   * ```ts
   * const messages = [{ role: 'user', content: 'Name three colors.' }];
   * const { message } = await lm.chat(messages);
   * messages.push(message, { role: 'user', content: 'And three more.' });
   * ```
   */
  chat<const Value = unknown, Written = Value>(
    messages: readonly ChatMessage[],
    options?: ChatCallOptions<Value, Written>,
  ): Generation<ChatResult<Value>, Written>;
  /**
   * Texts for several prompts, computed together; by prompt, and then by sequence. A reply whose value the `schema` refuses has an
   * `error` and no `object`, so the others are not lost.
   */
  generateBatch<const Value = unknown, Written = Value>(
    prompts: readonly Prompt[],
    options?: CallOptions<Value, Written>,
  ): Promise<readonly BatchTextResult<Value>[]>;
  /** How probable a text is for the model: log-probability of each token, their sum, and the perplexity. */
  score(text: Prompt, options?: ScoreCallOptions): Promise<TextScore>;
  /** What the engine holds now. */
  memory(): Promise<EngineMemory>;
  /** End running calls, as an aborted signal does, and release the model. A second call does nothing. */
  dispose(): Promise<void>;
}
