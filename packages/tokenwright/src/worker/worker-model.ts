import type { ChatMessage } from '@tokenwright/chat';
import { DeviceLostError, DisposedError, type EngineMemory, LoadError } from '@tokenwright/core';
import { hasSchema, withObject, withObjects } from '../model/structured-results.ts';
import type {
  ChatCallOptions,
  LanguageModelInfo,
  Prompt,
  ScoreCallOptions,
  TextModel,
  TextScore,
} from '../model/text-model.ts';
import type { CallOptions } from '../options/call-options.ts';
import type { LanguageModelOptions } from '../options/load-options.ts';
import { Generation } from '../output/generation.ts';
import { GenerationStream } from '../output/generation-stream.ts';
import type { BatchTextResult, ChatResult, TextResult } from '../output/text-result.ts';
import type { LanguageModelSource } from '../sources/find-model.ts';
import { errorFromData, grammarClasses } from './error-data.ts';
import type { FromWorker, Method, Results } from './messages.ts';
import { startWorker, type WorkerPort } from './port.ts';
import { checkSendable, optionsToSend, splitOutput } from './sent-options.ts';
import { loadOptionsToSend, sourceToSend } from './sent-source.ts';

/** Receives the messages of one call. */
type Receiver = (
  message: Extract<FromWorker, { readonly id: number }> | { readonly type: 'gone'; readonly error: Error },
) => void;

/** A language model in a Worker. What is below it (`model`, `tokenizer`, `engine`) is there, and not here. */
export class WorkerModel implements TextModel {
  readonly info: LanguageModelInfo;
  readonly #channel: Channel;

  private constructor(info: LanguageModelInfo, channel: Channel) {
    this.info = info;
    this.#channel = channel;
  }

  /**
   * Start a worker and load a model in it. After an error no worker is left.
   *
   * @throws LoadError when the worker does not start; UnsupportedError for what cannot be sent; what loading throws.
   */
  static async open(source: LanguageModelSource, options: LanguageModelOptions): Promise<WorkerModel> {
    options.signal?.throwIfAborted();
    const sent = { source: await sourceToSend(source), options: loadOptionsToSend(options) };
    const channel = new Channel(typeof options.worker === 'boolean' ? undefined : options.worker);
    const info = await channel.load(sent, options);
    return new WorkerModel(info, channel);
  }

  generate<const Value = unknown, Written = Value>(
    prompt: Prompt,
    options: CallOptions<Value, Written> = {},
  ): Generation<TextResult<Value>, Written> {
    return new Generation(
      (left) => this.#structured('generate', prompt, options, left),
      () => hasSchema(options),
    );
  }

  stream<const Value = unknown, Written = Value>(
    prompt: Prompt,
    options: CallOptions<Value, Written> = {},
  ): GenerationStream<TextResult<Value>, Written> {
    return new GenerationStream(
      (left) => this.#structured('stream', prompt, options, left),
      () => hasSchema(options),
    );
  }

  chat<const Value = unknown, Written = Value>(
    messages: readonly ChatMessage[],
    options: ChatCallOptions<Value, Written> = {},
  ): Generation<ChatResult<Value>, Written> {
    return new Generation(
      (left) => this.#structured('chat', messages, options, left),
      () => hasSchema(options),
    );
  }

  generateBatch<const Value = unknown, Written = Value>(
    prompts: readonly Prompt[],
    options: CallOptions<Value, Written> = {},
  ): Promise<readonly BatchTextResult<Value>[]> {
    const owner = 'generateBatch';
    return new GenerationStream(
      async function* (this: WorkerModel, left: AbortSignal) {
        const { sent, output } = splitOutput(owner, options);
        const results = yield* this.#channel.call(owner, prompts, sent, left);
        return (await withObjects(owner, output, results)) as readonly BatchTextResult<Value>[];
      }.bind(this),
    ).result;
  }

  score(text: Prompt, options: ScoreCallOptions = {}): Promise<TextScore> {
    return this.#whole('score', text, options);
  }

  memory(): Promise<EngineMemory> {
    return this.#whole('memory', undefined, {});
  }

  dispose(): Promise<void> {
    return this.#channel.dispose();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }

  /** Schemas of libraries stay here, where the values are checked: the worker gets their JSON Schema. */
  async *#structured<Name extends 'generate' | 'stream' | 'chat'>(
    method: Name,
    argument: unknown,
    options: object,
    left: AbortSignal,
  ): AsyncGenerator<string, Results[Name] & { readonly object?: never }, undefined> {
    const { sent, output } = splitOutput(method, options);
    const result = yield* this.#channel.call(method, argument, sent, left);
    return (await withObject(method, output, result)) as Results[Name] & { readonly object?: never };
  }

  #whole<Name extends Method>(method: Name, argument: unknown, options: object): Promise<Results[Name]> {
    return new GenerationStream((left) => this.#channel.call(method, argument, options, left)).result;
  }
}

/** The calls of a page to its worker. */
class Channel {
  readonly #port: WorkerPort;
  readonly #receivers: Map<number, Receiver> = new Map();
  #calls = 0;
  #gone: Error | undefined;
  #onNotice: (message: string) => void = (message) => console.warn(`Tokenwright: ${message}`);
  #onProgress: NonNullable<LanguageModelOptions['onProgress']> = () => {};
  #onLoaded: (info: LanguageModelInfo) => void = () => {};
  #onDisposed: () => void = () => {};
  #disposed: Promise<void> | undefined;

  constructor(url: string | URL | undefined) {
    this.#port = startWorker(url, {
      onMessage: (message) => this.#receive(message),
      onFailure: (reason) => this.#fail(reason),
    });
  }

  async load(
    sent: { readonly source: unknown; readonly options: Readonly<Record<string, unknown>> },
    { signal, onNotice, onProgress }: LanguageModelOptions,
  ): Promise<LanguageModelInfo> {
    if (onNotice !== undefined) this.#onNotice = onNotice;
    if (onProgress !== undefined) this.#onProgress = onProgress;
    const cancel = (): void => this.#port.send({ type: 'cancel', id: 0 });
    signal?.addEventListener('abort', cancel);
    try {
      return await new Promise((resolve, reject) => {
        this.#onLoaded = resolve;
        this.#receivers.set(0, (message) => {
          if (message.type === 'error') reject(errorFromData(message.error));
          else if (message.type === 'gone')
            reject(
              new LoadError(
                'tokenwright/worker',
                `the worker did not start: ${message.error.message}. A bundler that does not look for worker files, such as ` +
                  "esbuild, builds 'tokenwright/worker' as an entry; give its URL as `worker`",
              ),
            );
        });
        this.#port.send({ type: 'load', ...sent });
      });
    } catch (error) {
      this.#gone = new DisposedError('The worker');
      this.#port.terminate();
      signal?.throwIfAborted();
      throw error;
    } finally {
      signal?.removeEventListener('abort', cancel);
      this.#receivers.delete(0);
      this.#port.keepAlive(false);
    }
  }

  /** The pieces of a call. A few are computed ahead of the reader. */
  async *call<Name extends Method>(
    method: Name,
    argument: unknown,
    options: object,
    left: AbortSignal,
  ): AsyncGenerator<string, Results[Name], undefined> {
    if (typeof options !== 'object' || options === null) options = { options };
    const { signal, onWarning } = options as CallOptions;
    const sent = await optionsToSend(options);
    if (this.#gone !== undefined) throw this.#gone;
    const id = ++this.#calls;
    const inbox: Parameters<Receiver>[0][] = [];
    let wake = (): void => {};
    const cancel = (): void => this.#port.send({ type: 'cancel', id });
    this.#receivers.set(id, (message) => {
      if (message.type === 'warning') onWarning?.(message.warning);
      else inbox.push(message);
      wake();
    });
    this.#port.keepAlive(true);
    try {
      checkSendable(method === 'chat' ? 'messages' : 'prompt', argument);
      this.#port.send({ type: 'call', id, method, argument, options: sent, warns: onWarning !== undefined });
      for (const one of [left, signal]) {
        if (one?.aborted === true) cancel();
        else one?.addEventListener('abort', cancel);
      }
      for (;;) {
        const message = inbox.shift();
        if (message === undefined) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        } else if (message.type === 'piece') {
          yield message.text;
          this.#port.send({ type: 'read', id, count: 1 });
        } else if (message.type === 'result') return message.value as Results[Name];
        else if (message.type === 'error') throw errorFromData(message.error, await grammarClasses(message.error));
        else if (message.type === 'gone') throw message.error;
      }
    } finally {
      this.#receivers.delete(id);
      for (const one of [left, signal]) one?.removeEventListener('abort', cancel);
      if (this.#receivers.size === 0) this.#port.keepAlive(false);
    }
  }

  /** The worker ends its calls and releases the model; then it is stopped. */
  dispose(): Promise<void> {
    this.#disposed ??= this.#dispose();
    return this.#disposed;
  }

  async #dispose(): Promise<void> {
    if (this.#gone !== undefined) return;
    this.#gone = new DisposedError('The language model');
    this.#port.keepAlive(true);
    await new Promise<void>((resolve) => {
      this.#onDisposed = resolve;
      this.#port.send({ type: 'dispose' });
    });
    this.#port.terminate();
  }

  #receive(message: FromWorker): void {
    if (message.type === 'loaded') this.#onLoaded(message.info);
    else if (message.type === 'progress') this.#onProgress(message.progress);
    else if (message.type === 'notice') this.#onNotice(message.message);
    else if (message.type === 'disposed') this.#onDisposed();
    else this.#receivers.get(message.id)?.(message);
  }

  #fail(reason: string): void {
    this.#gone ??= new DeviceLostError(`The worker of the language model has ended: ${reason}`);
    for (const receive of this.#receivers.values()) receive({ type: 'gone', error: this.#gone });
    this.#onDisposed();
  }
}
