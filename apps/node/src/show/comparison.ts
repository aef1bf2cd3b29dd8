import { type Paint, packed, type Style } from '../cli/terminal.ts';

/** The run of one cache: the milliseconds of each token, and the tokens. */
export interface Series {
  readonly name: string;
  readonly times: readonly number[];
  readonly tokens: readonly number[];
}

interface PlotStyle {
  readonly paint: Paint;
  readonly width: number;
}

const marks: readonly { readonly mark: string; readonly style: Style }[] = [
  { mark: '●', style: 'green' },
  { mark: '○', style: 'cyan' },
  { mark: '▲', style: 'red' },
];

const tableRows = 8;
const plotHeight = 14;

/** A table and a plot of the time per token as the text grows. */
export function comparisonLines(all: readonly Series[], promptLength: number, style: PlotStyle): string[] {
  const [first] = all;
  if (first === undefined) return [];
  const same = all.every(({ tokens }) => tokens.join() === first.tokens.join());
  return [
    ...table(all, promptLength, style),
    '',
    ...plot(all, promptLength, style),
    '',
    same ? `All ${all.length} wrote the same ${first.tokens.length} tokens.` : 'They did not write the same tokens.',
  ];
}

function table(all: readonly Series[], promptLength: number, { paint, width }: PlotStyle): string[] {
  const count = all[0]!.times.length;
  const first = 8;
  const column = Math.min(17, Math.floor((width - first) / (all.length + 1)));
  const isNarrow = column < 12;
  const reference = all[0]!;
  const heads = [
    ...all.map(({ name }) => (name === 'none' && !isNarrow ? 'no cache' : name)),
    isNarrow ? 'ratio' : 'slower by',
  ];
  const lines = [paint('bold', `${'tokens'.padStart(first)}${heads.map((head) => head.padStart(column)).join('')}`)];
  const rows: number[][] = [];
  // The first token of each also reads the prompt, so it is left out.
  for (let row = 0; row < tableRows; row++) {
    const from = Math.max(1, Math.floor((row * count) / tableRows));
    const to = Math.floor(((row + 1) * count) / tableRows);
    const middles = all.map(({ times }) => median(times.slice(from, to)));
    rows.push(middles);
    const cells = middles.map((time) => `${time.toFixed(2)}${isNarrow ? '' : ' ms'}`.padStart(column)).join('');
    const ratio = middles.at(-1)! / median(reference.times.slice(from, to));
    lines.push(`${String(promptLength + to).padStart(first)}${cells}${`${ratio.toFixed(1)} ×`.padStart(column)}`);
  }
  const growth = all.map((_, index) => `× ${(rows.at(-1)![index]! / rows[0]![index]!).toFixed(1)}`.padStart(column));
  lines.push(paint('dim', `${'growth'.padStart(first)}${growth.join('')}`));
  return lines;
}

/** Shows the fastest token at each place, which other work on the machine disturbs least. Where series overlap, the first is on top. */
function plot(all: readonly Series[], promptLength: number, { paint, width }: PlotStyle): string[] {
  const axis = 10;
  const count = all[0]!.times.length;
  const columns = Math.min(width - axis - 2, Math.max(8, Math.floor(count / 2)));
  const points = all.map(({ times }) =>
    Array.from({ length: columns }, (_, x) => {
      const from = Math.max(1, Math.floor((x * count) / columns));
      return Math.min(...times.slice(from, Math.max(from + 1, Math.floor(((x + 1) * count) / columns))));
    }),
  );
  const top = niceTop(Math.max(...points.flat()));
  const grid = Array.from({ length: plotHeight }, () => new Array<string>(columns).fill(' '));
  for (const [index, values] of [...points.entries()].reverse()) {
    const { mark, style } = marks[index % marks.length]!;
    for (const [x, value] of values.entries()) {
      const y = Math.min(plotHeight - 1, Math.floor((value / top) * plotHeight));
      grid[plotHeight - 1 - y]![x] = paint(style, mark);
    }
  }
  const lines = grid.map((cells, y) => {
    const label =
      y === 0 ? `${top} ms` : y === Math.floor(plotHeight / 2) ? `${top / 2} ms` : y === plotHeight - 1 ? '0' : '';
    return `${label.padStart(axis - 2)} ${label === '' ? '│' : '┤'}${cells.join('')}`;
  });
  const end = `${promptLength + count} tokens`;
  const legend = all.map(({ name }, index) => {
    const { mark, style } = marks[index % marks.length]!;
    return `${paint(style, mark)} ${name === 'none' ? 'no cache' : name}`;
  });
  return [
    ...lines,
    `${' '.repeat(axis - 1)}└${'─'.repeat(columns)}`,
    `${' '.repeat(axis)}${String(promptLength + 1).padEnd(columns - end.length)}${end}`,
    ...packed(legend, width - axis, '   ').map((line) => ' '.repeat(axis) + line),
  ];
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** The smallest round number that is not below the value. */
function niceTop(value: number): number {
  const unit = 10 ** Math.floor(Math.log10(value));
  return unit * [1, 1.2, 1.6, 2, 2.4, 3, 4, 5, 6, 8, 10].find((step) => step * unit >= value)!;
}
