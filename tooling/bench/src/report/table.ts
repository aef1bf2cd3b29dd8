import type { Row } from './row.ts';

/** A column of a table over rows of some kind. */
export interface Column<R> {
  readonly title: string;
  readonly cell: (row: R) => string;
  readonly align: 'left' | 'right';
}

/** The columns of measurements. */
export const measured: readonly Column<Row>[] = [
  { title: 'measure', cell: ({ measure }) => measure, align: 'left' },
  { title: 'engine', cell: ({ engine }) => engine ?? '', align: 'left' },
  { title: 'format', cell: ({ format }) => format ?? '', align: 'left' },
  { title: 'shape', cell: ({ shape }) => shape ?? '', align: 'left' },
  { title: 'threads', cell: ({ threads }) => (threads === null ? '' : `${threads}`), align: 'right' },
  { title: 'median', cell: ({ value, unit }) => `${digits(value)} ${unit}`, align: 'right' },
  {
    title: 'min .. max',
    cell: ({ min, max, rounds }) => (rounds > 1 ? `${digits(min)} .. ${digits(max)}` : ''),
    align: 'right',
  },
  {
    title: 'ratio',
    cell: ({ ratio, ratioTo }) => (ratio === null ? '' : `${digits(ratio)} x ${ratioTo ?? ''}`.trim()),
    align: 'left',
  },
  { title: 'of limit', cell: ({ shareOfLimit: share }) => (share === null ? '' : share.toFixed(2)), align: 'right' },
  {
    title: '',
    cell: ({ noisy, foreignCores }) => (noisy ? `noisy: others used ${foreignCores?.toFixed(1)}` : ''),
    align: 'left',
  },
];

/** Rows as lines of text with aligned columns. Columns without values are left out. */
export function table<R>(rows: readonly R[], columns: readonly Column<R>[]): string[] {
  const used = columns
    .map((column) => ({ ...column, cells: rows.map(column.cell) }))
    .filter(({ cells }) => cells.some((cell) => cell !== ''));
  const laid = used.map(({ title, cells, align }) => {
    const width = Math.max(title.length, ...cells.map(({ length }) => length));
    return [title, ...cells].map((cell) => (align === 'left' ? cell.padEnd(width) : cell.padStart(width)));
  });
  return [...Array(rows.length + 1).keys()].map((line) =>
    laid
      .map((cells) => cells[line]!)
      .join('  ')
      .trimEnd(),
  );
}

/** Three significant digits; large numbers as integers. */
export function digits(value: number): string {
  if (!Number.isFinite(value)) return `${value}`;
  const size = Math.abs(value);
  if (size >= 100) return Math.round(value).toLocaleString('en-US');
  return value.toFixed(size >= 10 ? 1 : size >= 1 ? 2 : 3);
}
