import { ParameterError } from '@tokenwright/core';

/** Helpers of the constraints: operations on lists of token ids. */

/** Ids of another tokenizer would be dropped in silence, so an id outside the vocabulary is an error. */
export function refuseOutside(owner: string, parameter: string, ids: Iterable<number>, vocabSize: number): void {
  for (const id of ids)
    if (id >= vocabSize) throw new ParameterError(owner, parameter, `ids below the vocabulary's ${vocabSize}`, id);
}

/** Bits of the listed ids, as a mask sampler returns them: [ceil(V / 32)]. */
export function maskOf(ids: Iterable<number>, vocabSize: number): Uint32Array {
  const bits = new Uint32Array(Math.ceil(vocabSize / 32));
  for (const id of ids) bits[id >>> 5]! |= 1 << (id & 31);
  return bits;
}

/** Remove all other tokens and give the listed ids the logit 0, even when an earlier stage removed them. */
export function force(logits: Float32Array, ids: Iterable<number>): void {
  logits.fill(-Infinity);
  for (const id of ids) logits[id] = 0;
}

/** Whether the tokens before `end` end with `sequence`. */
export function endsWith(tokens: ArrayLike<number>, end: number, sequence: readonly number[]): boolean {
  const start = end - sequence.length;
  if (start < 0) return false;
  for (let i = sequence.length - 1; i >= 0; i--) if (tokens[start + i] !== sequence[i]) return false;
  return true;
}

/**
 * How long the text must be for a sequence to apply: as long as all but its last token (`'beginning'`), or as the whole
 * sequence, as in Hugging Face until 5.0.
 */
export type SequenceNeeds = 'beginning' | 'sequence';

/** Whether the next token could complete `sequence`. */
export function isBegun(tokens: Int32Array, sequence: readonly number[], needs: SequenceNeeds): boolean {
  const before = sequence.length - 1;
  if (needs === 'sequence' && before > 0 && tokens.length <= before) return false;
  return endsWith(tokens, tokens.length, sequence.slice(0, before));
}
