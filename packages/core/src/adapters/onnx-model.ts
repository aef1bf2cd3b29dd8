import { checkInteger } from '../check/check.ts';
import { checkOptionNames } from '../check/read-options.ts';
import { ParameterError, ShapeError, UnsupportedError } from '../errors.ts';
import { baseOptionNames, describeHostModel, type HostModelBaseOptions } from '../host/host-model.ts';
import { HostModel, type HostModelDescription } from '../host/host-model-base.ts';
import { commonPrefix } from '../model/advance.ts';
import type { LanguageModel } from '../model/language-model.ts';
import { emptyPast, type PastLayout, pastLayoutOf, shortened } from './onnx-past.ts';

/** What is used of an `ort.Tensor`. */
export interface OnnxTensor {
  readonly type: string;
  readonly dims: readonly number[];
  /** The values, where they are in ordinary memory. */
  readonly data: unknown;
  /** Where the values are. */
  readonly location?: string;
}

/** `ort.Tensor` itself. */
export type OnnxTensorConstructor<T extends OnnxTensor> = new (type: never, data: never, dims: readonly number[]) => T;

/** The description of an input or output: its element type and shape, with names for the sizes that may vary. */
export interface OnnxValueMetadata {
  readonly name: string;
  readonly isTensor: boolean;
  readonly type?: string;
  readonly shape?: readonly (number | string)[];
}

/** What is used of an `ort.InferenceSession`, version 1.21 or later. */
export interface OnnxSession<T extends OnnxTensor> {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  readonly inputMetadata: readonly OnnxValueMetadata[];
  readonly outputMetadata: readonly OnnxValueMetadata[];
  run(feeds: { readonly [name: string]: T }): Promise<{ readonly [name: string]: T }>;
}

/** Options of {@link onnxModel}. */
export interface OnnxModelOptions<T extends OnnxTensor = OnnxTensor> extends HostModelBaseOptions {
  /** `ort.Tensor` of the runtime that the session belongs to. */
  readonly Tensor: OnnxTensorConstructor<T>;
  /** Number of tokens in the vocabulary. Default: the last size of the output `logits`. */
  readonly vocabSize?: number;
  /**
   * Whether keys and values are kept between steps, where the model has inputs `past_key_values.*`. Default true. False computes
   * the whole row in every step.
   */
  readonly cache?: boolean;
}

/**
 * An ONNX decoder as a language model, on a session of onnxruntime-web or onnxruntime-node. It feeds `input_ids` and, where the
 * model has them, `attention_mask`, `position_ids`, `past_key_values.*`, `use_cache_branch` and `num_logits_to_keep`, as in the exports of
 * Hugging Face Optimum, and reads `logits`. Rows run one after the other.
 *
 * With `past_key_values.*`, each step runs the new tokens only, and a rewind keeps the part of the keys and values that is still
 * valid. They belong to the cache's rows and are released with them. Keep the session's outputs in ordinary memory, which is the
 * default of `preferredOutputLocation`. Release the session yourself.
 *
 * @throws ParameterError for a session that is not a decoder; UnsupportedError for an input that this adapter cannot feed;
 * UnknownOptionError.
 * @example
 * ```ts
 * import * as ort from 'onnxruntime-web';
 * import { onnxModel } from '@tokenwright/core/adapters';
 *
 * const session = await ort.InferenceSession.create('model.onnx');
 * const model = onnxModel(session, { Tensor: ort.Tensor, contextLength: 2048, eosTokenIds: [2] });
 * const { ids } = await generate(model, [1, 2, 3], { seed: 7 });
 * ```
 */
export function onnxModel<T extends OnnxTensor>(session: OnnxSession<T>, options: OnnxModelOptions<T>): LanguageModel {
  checkOptionNames(owner, options, [...baseOptionNames, 'Tensor', 'vocabSize', 'cache']);
  if (typeof options.Tensor !== 'function') throw new ParameterError(owner, 'Tensor', 'ort.Tensor', options.Tensor);
  if (typeof (options.cache ?? true) !== 'boolean')
    throw new ParameterError(owner, 'cache', 'true or false', options.cache);
  const { inputNames, outputNames } = session;
  if (session.inputMetadata === undefined || session.outputMetadata === undefined)
    throw new ParameterError(owner, 'session', 'a session of onnxruntime 1.21 or later', session);
  if (!inputNames.includes('input_ids'))
    throw new ParameterError(owner, 'session', 'a model with an input input_ids', inputNames);
  if (!outputNames.includes('logits'))
    throw new ParameterError(owner, 'session', 'a model with an output logits', outputNames);
  const past = pastLayoutOf(session);
  const pastNames = new Set(past.map(({ input }) => input));
  for (const name of inputNames)
    if (!fedNames.includes(name) && !pastNames.has(name))
      throw new UnsupportedError(`the input '${name}' of an ONNX model`, owner);
  const length = metadataOf(session.inputMetadata, 'input_ids')?.shape?.[1];
  if (typeof length === 'number' && length > 0)
    throw new ParameterError(owner, 'session', 'a model whose number of tokens may vary', length);
  const size = options.vocabSize ?? metadataOf(session.outputMetadata, 'logits')?.shape?.at(-1);
  const vocabSize = checkInteger(owner, 'vocabSize', size, 1);
  const description = describeHostModel(owner, { name: 'onnx-model', ...options }, vocabSize);
  return new OnnxLanguageModel(description, session, options.Tensor, past, options.cache ?? true);
}

const owner = 'onnxModel';

const fedNames: readonly string[] = [
  'input_ids',
  'attention_mask',
  'position_ids',
  'use_cache_branch',
  'num_logits_to_keep',
];

/** Keys and values of a row, and the tokens that they belong to. */
interface RowPast<T> {
  readonly tokens: Int32Array;
  /** By the name of the input: [1, heads, tokens, headDim]. */
  readonly tensors: { readonly [name: string]: T };
}

class OnnxLanguageModel<T extends OnnxTensor> extends HostModel<RowPast<T>> {
  readonly #session: OnnxSession<T>;
  readonly #Tensor: OnnxTensorConstructor<T>;
  readonly #past: readonly PastLayout[];
  readonly #cached: boolean;
  /** The last run. A session does not run twice at once. */
  #running: Promise<unknown> = Promise.resolve();

  constructor(
    description: HostModelDescription,
    session: OnnxSession<T>,
    Tensor: OnnxTensorConstructor<T>,
    past: readonly PastLayout[],
    cached: boolean,
  ) {
    super(description);
    this.#session = session;
    this.#Tensor = Tensor;
    this.#past = past;
    this.#cached = cached && past.length > 0;
  }

  protected async scoreRow(
    tokens: Int32Array,
    logits: Float32Array,
    known: RowPast<T> | undefined,
  ): Promise<RowPast<T> | undefined> {
    const count = logits.length / this.vocabSize;
    const kept = known === undefined ? 0 : Math.min(tokens.length - count, commonPrefix(tokens, known.tokens));
    const past = Object.fromEntries(
      this.#past.map((layout): [string, T] => [
        layout.input,
        kept === 0 ? emptyPast(layout, this.#Tensor) : shortened(known!.tensors[layout.input]!, kept, this.#Tensor),
      ]),
    );
    const outputs = await this.#run({ ...this.#feeds(tokens, kept, count), ...past });
    const { dims, type, data } = outputs.logits!;
    const rows = dims.at(-2) ?? 0;
    if (dims.at(-1) !== this.vocabSize || rows < count)
      throw new ShapeError(`${owner}: logits`, [1, tokens.length - kept, this.vocabSize], dims);
    if (type !== 'float32')
      throw new UnsupportedError(`logits of type ${type}`, owner, 'Export the model with float32 logits.');
    logits.set((data as Float32Array).subarray((rows - count) * this.vocabSize, rows * this.vocabSize));
    if (!this.#cached) return undefined;
    return {
      tokens,
      tensors: Object.fromEntries(this.#past.map(({ input, output }) => [input, outputs[output]!])),
    };
  }

  /** All inputs but the past, for the tokens from `kept` on. */
  #feeds(tokens: Int32Array, kept: number, count: number): { [name: string]: T } {
    const all = { length: tokens.length };
    const values: { readonly [name: string]: () => T } = {
      input_ids: () => this.#integers('input_ids', tokens.subarray(kept), [1, tokens.length - kept]),
      attention_mask: () =>
        this.#integers(
          'attention_mask',
          Int32Array.from(all, () => 1),
          [1, tokens.length],
        ),
      position_ids: () =>
        this.#integers('position_ids', Int32Array.from(all, (_, i) => i).subarray(kept), [1, tokens.length - kept]),
      use_cache_branch: () => this.#tensor('bool', Uint8Array.of(kept > 0 ? 1 : 0), [1]),
      num_logits_to_keep: () => this.#integers('num_logits_to_keep', Int32Array.of(count), []),
    };
    const fed = Object.entries(values).filter(([name]) => this.#session.inputNames.includes(name));
    return Object.fromEntries(fed.map(([name, make]) => [name, make()]));
  }

  /** A tensor of the integer type that the input has; int64 where the session does not say. */
  #integers(name: string, values: Int32Array, dims: readonly number[]): T {
    const type = metadataOf(this.#session.inputMetadata, name)?.type ?? 'int64';
    if (type === 'int64') return this.#tensor(type, BigInt64Array.from(values, BigInt), dims);
    if (type === 'int32') return this.#tensor(type, values.slice(), dims);
    throw new UnsupportedError(`the type ${type} of the input '${name}'`, owner);
  }

  #tensor(type: string, data: ArrayBufferView, dims: readonly number[]): T {
    return new this.#Tensor(type as never, data as never, dims);
  }

  #run(feeds: { readonly [name: string]: T }): Promise<{ readonly [name: string]: T }> {
    const run = (): Promise<{ readonly [name: string]: T }> => this.#session.run(feeds);
    const running = this.#running.then(run, run);
    this.#running = running;
    return running;
  }
}

function metadataOf(metadata: readonly OnnxValueMetadata[], name: string): OnnxValueMetadata | undefined {
  return metadata.find((value) => value.name === name);
}
