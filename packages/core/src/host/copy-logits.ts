import { ParameterError, ShapeError } from '../errors.ts';

/**
 * Copy what a function returned as the logits of one position, and check its form. The values pass as they are: the sampler chain
 * reports NaN and +Infinity with the position.
 *
 * @param from what the function returned.
 * @param into [vocabSize].
 * @throws ParameterError when it is not a list of numbers, ShapeError when its length is not the size of the vocabulary.
 */
export function copyLogits(owner: string, functionName: string, from: unknown, into: Float32Array): void {
  const subject = `the result of '${functionName}'`;
  const allowed = `a Float32Array or an array of ${into.length} numbers`;
  if (!isNumericArray(from) && !Array.isArray(from)) throw new ParameterError(owner, subject, allowed, from);
  if (from.length !== into.length) throw new ShapeError(`${owner}: ${subject}`, [into.length], [from.length]);
  if (Array.isArray(from))
    for (let id = 0; id < from.length; id++)
      if (typeof from[id] !== 'number') throw new ParameterError(owner, `${subject} at id ${id}`, 'a number', from[id]);
  into.set(from);
}

function isNumericArray(value: unknown): value is Float32Array {
  return ArrayBuffer.isView(value) && !(value instanceof DataView) && typeof (value as Float32Array)[0] !== 'bigint';
}
