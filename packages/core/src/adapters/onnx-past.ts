import { ParameterError, UnsupportedError } from '../errors.ts';
import type { OnnxSession, OnnxTensor, OnnxTensorConstructor } from './onnx-model.ts';

/** One input of keys or values, with the output from which its next value comes. */
export interface PastLayout {
  /** `past_key_values.0.key`. */
  readonly input: string;
  /** `present.0.key`. */
  readonly output: string;
  readonly type: string;
  readonly heads: number;
  readonly headDim: number;
}

const prefix = 'past_key_values.';

/** The inputs of keys and values, in the session's order; none for a model without them. */
export function pastLayoutOf<T extends OnnxTensor>(session: OnnxSession<T>): readonly PastLayout[] {
  return session.inputNames
    .filter((name) => name.startsWith(prefix))
    .map((input) => {
      const output = `present.${input.slice(prefix.length)}`;
      if (!session.outputNames.includes(output))
        throw new ParameterError(
          'onnxModel',
          'session',
          `a model with an output ${output} for the input ${input}`,
          session.outputNames,
        );
      const { shape = [], type } = session.inputMetadata.find(({ name }) => name === input) ?? {};
      const [, heads, , headDim] = shape;
      if (shape.length !== 4 || typeof heads !== 'number' || typeof headDim !== 'number')
        throw new ParameterError(
          'onnxModel',
          'session',
          `a model whose input ${input} has the shape [batch, heads, tokens, headDim] with fixed heads and headDim`,
          shape,
        );
      if (type === undefined || !(type in arrays))
        throw new UnsupportedError(`the type ${type} of the input '${input}'`, 'onnxModel');
      return { input, output, type, heads, headDim };
    });
}

/** Keys or values of no tokens. */
export function emptyPast<T extends OnnxTensor>(
  { type, heads, headDim }: PastLayout,
  Tensor: OnnxTensorConstructor<T>,
): T {
  return new Tensor(type as never, new arrays[type as keyof typeof arrays](0) as never, [1, heads, 0, headDim]);
}

/** Keys or values of the first `length` tokens: the tensor itself when it has no more. */
export function shortened<T extends OnnxTensor>(tensor: T, length: number, Tensor: OnnxTensorConstructor<T>): T {
  const [batch = 1, heads = 0, tokens = 0, headDim = 0] = tensor.dims;
  if (tokens === length) return tensor;
  if ((tensor.location ?? 'cpu') !== 'cpu')
    throw new UnsupportedError(
      `a rewind of keys and values in '${tensor.location}'`,
      'onnxModel',
      "Create the session with preferredOutputLocation: 'cpu'.",
    );
  const values = tensor.data as Float32Array;
  const kept = new (values.constructor as Float32ArrayConstructor)(batch * heads * length * headDim);
  for (let head = 0; head < batch * heads; head++)
    kept.set(values.subarray(head * tokens * headDim, (head * tokens + length) * headDim), head * length * headDim);
  return new Tensor(tensor.type as never, kept as never, [batch, heads, length, headDim]);
}

/** The array type of each element type that keys and values may have. float16 values are only copied. */
const arrays = { float32: Float32Array, float16: float16Array() };

function float16Array(): Float32ArrayConstructor | Uint16ArrayConstructor {
  return (globalThis as unknown as { Float16Array?: Float32ArrayConstructor }).Float16Array ?? Uint16Array;
}
