import type { Frame } from '../engine/engine.ts';
import { ContextLengthError, ParameterError, ShapeError } from '../errors.ts';
import type { LanguageModel } from './language-model.ts';

/**
 * The frame that appends tokens to the rows of a cache.
 *
 * @param lengths number of tokens in each row.
 * @param scored how many of the last tokens of each row get logits.
 * @throws ShapeError, ParameterError, ContextLengthError for tokens that do not fit the model.
 */
export function frameOf(
  tokens: readonly ArrayLike<number>[],
  lengths: readonly number[],
  scored: number,
  { maxTokens, contextLength, vocabSize }: Pick<LanguageModel, 'maxTokens' | 'contextLength' | 'vocabSize'>,
): Frame {
  if (tokens.length !== lengths.length) throw new ShapeError('Rows of tokens', [lengths.length], [tokens.length]);
  const count = tokens.reduce((sum, row) => sum + row.length, 0);
  if (count === 0) throw new ParameterError('forward', 'tokens', 'at least one token in some row', tokens);
  if (count > maxTokens)
    throw new ParameterError('forward', 'tokens', `at most ${maxTokens} tokens over all rows`, count);
  const frame = {
    ids: new Int32Array(count),
    rows: new Int32Array(count),
    positions: new Int32Array(count),
    slots: new Int32Array(count),
  };
  const wanted: number[] = [];
  let at = 0;
  tokens.forEach((row, r) => {
    const held = lengths[r]!;
    if (held + row.length > contextLength) throw new ContextLengthError(contextLength, held + row.length, `Row ${r}`);
    for (let i = 0; i < row.length; i++, at++) {
      const id = row[i]!;
      if (!Number.isInteger(id) || id < 0 || id >= vocabSize)
        throw new ParameterError('forward', `tokens[${r}][${i}]`, `an id from 0 to ${vocabSize - 1}`, id);
      frame.ids[at] = id;
      frame.rows[at] = r;
      frame.positions[at] = frame.slots[at] = held + i;
      if (i >= row.length - scored) wanted.push(at);
    }
  });
  return { ...frame, scored: Int32Array.from(wanted) };
}
