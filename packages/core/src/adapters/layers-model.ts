import type { slice, Tensor, tensor2d, tidy } from '@tensorflow/tfjs-core';
import { checkOptionNames } from '../check/read-options.ts';
import { ParameterError } from '../errors.ts';
import { baseOptionNames, describeHostModel, type HostModelBaseOptions } from '../host/host-model.ts';
import { HostModel, type HostModelDescription } from '../host/host-model-base.ts';
import type { LanguageModel } from '../model/language-model.ts';

/** What is used of a `tf.LayersModel`. */
export interface LayersModelLike {
  readonly inputs: readonly { readonly shape: readonly (number | null)[]; readonly dtype: string }[];
  readonly outputs: readonly { readonly shape: readonly (number | null)[] }[];
  predict(ids: Tensor): Tensor | Tensor[];
}

/** What is used of TensorFlow.js: pass `tf` itself. */
export interface TensorFunctions {
  readonly tensor2d: typeof tensor2d;
  readonly slice: typeof slice;
  readonly tidy: typeof tidy;
}

/** Options of {@link layersModel}. */
export interface LayersModelOptions extends HostModelBaseOptions {
  /** The TensorFlow.js that the model was made with: `import * as tf from '@tensorflow/tfjs'`. */
  readonly tf: TensorFunctions;
  /** What the model's output is. `'probabilities'`: it ends with a softmax. Default `'logits'`. */
  readonly output?: 'logits' | 'probabilities';
}

/**
 * A Keras-style model of TensorFlow.js as a language model. It takes ids, [1, n], and returns logits for each position,
 * [1, n, V], or for the last one, [1, V]. It must be causal: no position may depend on a later one. Every step computes the whole
 * row. Dispose the layers model yourself.
 *
 * @throws ParameterError for a model with several inputs or outputs, with an input of fixed length, or with an output of another
 * shape; UnknownOptionError.
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs';
 * import { layersModel } from '@tokenwright/core/adapters';
 *
 * const model = layersModel(await tf.loadLayersModel('model.json'), { tf, contextLength: 256 });
 * const { ids } = await generate(model, [1, 2, 3], { seed: 7 });
 * ```
 */
export function layersModel(model: LayersModelLike, options: LayersModelOptions): LanguageModel {
  const owner = 'layersModel';
  checkOptionNames(owner, options, [...baseOptionNames, 'tf', 'output']);
  const { tf, output = 'logits' } = options;
  for (const name of ['tensor2d', 'slice', 'tidy'] as const)
    if (typeof tf?.[name] !== 'function') throw new ParameterError(owner, 'tf', `TensorFlow.js, with ${name}`, tf);
  if (output !== 'logits' && output !== 'probabilities')
    throw new ParameterError(owner, 'output', "'logits' or 'probabilities'", output);
  const input = model.inputs[0]?.shape;
  if (model.inputs.length !== 1 || input?.length !== 2 || input[1] !== null)
    throw new ParameterError(owner, 'model', 'a model with one input of shape [null, null]', shapesOf(model.inputs));
  const shape = model.outputs[0]?.shape ?? [];
  const vocabSize = shape.at(-1);
  if (model.outputs.length !== 1 || (shape.length !== 2 && shape.length !== 3) || typeof vocabSize !== 'number')
    throw new ParameterError(
      owner,
      'model',
      'a model with one output of shape [null, null, V] or [null, V]',
      shapesOf(model.outputs),
    );
  return new LayersLanguageModel(
    describeHostModel(owner, { name: 'layers-model', ...options }, vocabSize),
    model,
    tf,
    output === 'probabilities',
  );
}

function shapesOf(values: readonly { readonly shape: readonly (number | null)[] }[]): readonly unknown[] {
  return values.map(({ shape }) => shape);
}

class LayersLanguageModel extends HostModel<never> {
  readonly #model: LayersModelLike;
  readonly #tf: TensorFunctions;
  readonly #probabilities: boolean;

  constructor(description: HostModelDescription, model: LayersModelLike, tf: TensorFunctions, probabilities: boolean) {
    super(description);
    this.#model = model;
    this.#tf = tf;
    this.#probabilities = probabilities;
  }

  protected async scoreRow(tokens: Int32Array, logits: Float32Array): Promise<undefined> {
    const { vocabSize } = this;
    if (this.#model.outputs[0]!.shape.length === 3) logits.set(await this.#predict(tokens, logits.length / vocabSize));
    else
      for (let at = 0; at < logits.length; at += vocabSize) {
        const later = logits.length / vocabSize - at / vocabSize - 1;
        logits.set(await this.#predict(tokens.subarray(0, tokens.length - later), 1), at);
      }
    if (this.#probabilities) for (let i = 0; i < logits.length; i++) logits[i] = Math.log(logits[i]!);
  }

  /** The output for the last `count` positions, [count * vocabSize]. */
  async #predict(tokens: Int32Array, count: number): Promise<Float32Array> {
    const { tensor2d, slice, tidy } = this.#tf;
    const last = tidy(() => {
      const dtype = this.#model.inputs[0]!.dtype === 'int32' ? 'int32' : 'float32';
      const output = this.#model.predict(tensor2d(tokens, [1, tokens.length], dtype)) as Tensor;
      return output.rank === 3 ? slice(output, [0, tokens.length - count, 0], [1, count, this.vocabSize]) : output;
    });
    try {
      return (await last.data()) as Float32Array;
    } finally {
      last.dispose();
    }
  }
}
