import { describe, expect, it } from 'vitest';
import { ParameterError } from '../errors.ts';
import { BatchResult } from './batch-result.ts';
import type { EndEvent } from './contract/events.ts';

const end = (row: number, sequence: number, ids: readonly number[], text?: string): EndEvent => ({
  type: 'end',
  promptIndex: row,
  sequence,
  finishReason: 'length',
  ids,
  ...(text === undefined ? {} : { text }),
  usage: { promptTokens: 1, cachedTokens: 0, completionTokens: ids.length },
  timing: { prefill: 0, total: 0, perToken: 0 },
  options: {},
});

describe('BatchResult', () => {
  it('orders what ended by prompt, then by sequence', () => {
    const result = new BatchResult([end(1, 1, [4]), end(0, 0, [1]), end(1, 0, [3]), end(0, 1, [2])]);
    expect(result.ids).toEqual([[1], [2], [3], [4]]);
    expect(result.sequences.map(({ promptIndex, sequence }) => [promptIndex, sequence])).toEqual([
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ]);
  });

  it('gives the texts, or empty ones without a tokenizer', () => {
    expect(new BatchResult([end(0, 0, [1], 'a'), end(1, 0, [2])]).texts).toEqual(['a', '']);
  });

  const ragged = new BatchResult([end(0, 0, [5, 6, 7]), end(1, 0, []), end(2, 0, [8])]);

  it('pads on the right', () => {
    const { ids, mask, rows, columns } = ragged.padded(-1, 'right');
    expect([rows, columns]).toEqual([3, 3]);
    expect([...ids]).toEqual([5, 6, 7, -1, -1, -1, 8, -1, -1]);
    expect([...mask]).toEqual([1, 1, 1, 0, 0, 0, 1, 0, 0]);
  });

  it('pads on the left', () => {
    const { ids, mask } = ragged.padded(0, 'left');
    expect([...ids]).toEqual([5, 6, 7, 0, 0, 0, 0, 0, 8]);
    expect([...mask]).toEqual([1, 1, 1, 0, 0, 0, 0, 0, 1]);
  });

  it('pads nothing to nothing', () => {
    expect(new BatchResult([]).padded(0, 'right')).toEqual({
      ids: new Int32Array(0),
      mask: new Uint8Array(0),
      rows: 0,
      columns: 0,
    });
  });

  it('refuses another side', () => {
    expect(() => ragged.padded(0, 'top' as 'left')).toThrow(ParameterError);
    expect(() => ragged.padded(0, 'top' as 'left')).toThrow("padded: side must be 'left' or 'right', but 'top'");
  });
});
