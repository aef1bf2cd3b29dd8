import { ParameterError } from '@tokenwright/core';

/** What the constraints share: lists of token ids that somebody wrote down, and what is done with them. */

/** A list of ids, at least `minimum` of them, as a copy; or a {@link ParameterError}. */
export function checkIds(owner: string, parameter: string, value: unknown, minimum = 1): readonly number[] {
  const wanted = `a list of ${minimum > 0 ? `at least ${minimum} ` : ''}token id${minimum === 1 ? '' : 's'}`;
  if (!Array.isArray(value) || value.length < minimum || !value.every(isId))
    throw new ParameterError(owner, parameter, wanted, value);
  return [...value];
}

/** A list of such lists, at least one of them. */
export function checkSequences(owner: string, parameter: string, value: unknown): readonly (readonly number[])[] {
  if (!Array.isArray(value) || value.length === 0)
    throw new ParameterError(owner, parameter, 'a list of at least one list of token ids', value);
  return value.map((sequence, i) => checkIds(owner, `${parameter}[${i}]`, sequence));
}

/** Ids from another tokenizer would be dropped without a word; so one outside the vocabulary is an error. */
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

/** Remove everything else and give the listed ids the same logit, 0, whether or not an earlier stage had removed them. */
export function force(logits: Float32Array, ids: Iterable<number>): void {
  logits.fill(-Infinity);
  for (const id of ids) logits[id] = 0;
}

/** True when `tokens` ends at `end` (exclusive) with `sequence`. */
export function endsWith(tokens: ArrayLike<number>, end: number, sequence: readonly number[]): boolean {
  const start = end - sequence.length;
  if (start < 0) return false;
  for (let i = sequence.length - 1; i >= 0; i--) if (tokens[start + i] !== sequence[i]) return false;
  return true;
}

/**
 * How long the text must be for a sequence to apply whose beginning it ends with: as long as that beginning, or as the whole
 * sequence.
 */
export type SequenceNeeds = 'beginning' | 'sequence';

export function checkNeeds(owner: string, needs: SequenceNeeds = 'beginning'): SequenceNeeds {
  if (needs !== 'beginning' && needs !== 'sequence')
    throw new ParameterError(owner, 'needs', "'beginning' or 'sequence'", needs);
  return needs;
}

/** Whether `sequence` would be complete with its last token. */
export function isBegun(tokens: Int32Array, sequence: readonly number[], needs: SequenceNeeds): boolean {
  const before = sequence.length - 1;
  if (needs === 'sequence' && before > 0 && tokens.length <= before) return false;
  return endsWith(tokens, tokens.length, sequence.slice(0, before));
}

function isId(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0;
}
