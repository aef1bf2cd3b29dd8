import { describe, expect, it } from 'vitest';
import { columnsOf } from '../cli/terminal.ts';
import { measuredLines } from './bench.ts';
import { comparisonLines } from './comparison.ts';
import { headedTable, type TableStyle } from './table.ts';

const style = (width: number): TableStyle => ({ paint: (_, text) => text, width });
const head = ['engine', 'memory', 'speed'];
const rows = [
  ['fused wasm', '24 MB', '120 (118–130)'],
  ['tfjs', '', '9.1'],
];

describe('a table', () => {
  it('has columns where they fit', () => {
    expect(headedTable(head, rows, ['left', 'right', 'right'], style(80))).toEqual([
      'engine      memory          speed',
      'fused wasm   24 MB  120 (118–130)',
      'tfjs                          9.1',
    ]);
  });

  it('lists the cells of each row where they do not', () => {
    expect(headedTable(head, rows, ['left', 'right', 'right'], style(30))).toEqual([
      'fused wasm',
      '  memory  24 MB',
      '  speed   120 (118–130)',
      'tfjs',
      '  speed   9.1',
    ]);
  });
});

const spread = { median: 1234, least: 1199, most: 1303 };
const measured = {
  engine: 'fused wasm',
  weights: '4-bit-blocks',
  promptTokens: 128,
  completionTokens: 64,
  rounds: 3,
  milliseconds: { start: 10, load: 200 },
  weightBytes: 24e6,
  reading: spread,
  writing: spread,
};
const times = Array.from({ length: 128 }, (_, at) => 100 + at);
const series = ['static', 'dynamic', 'none'].map((name) => ({ name, times, tokens: times }));

it.each([40, 60, 80])('no line is wider than %i columns', (width) => {
  const lines = [...measuredLines('story', [measured], style(width)), ...comparisonLines(series, 5, style(width))];
  expect(lines.filter((line) => columnsOf(line) > width)).toEqual([]);
});
