import { columnsOf } from '../cli/terminal.ts';

/** Alignment of a column: 'left' for words, 'right' for numbers. */
export type Alignment = 'left' | 'right';

/** Rows of cells in columns, as wide as they need, two spaces apart. */
export function tableLines(rows: readonly (readonly string[])[], alignment: readonly Alignment[]): string[] {
  const widths = alignment.map((_, column) => Math.max(...rows.map((row) => columnsOf(row[column] ?? ''))));
  return rows.map((row) =>
    alignment
      .map((side, column) => {
        const cell = row[column] ?? '';
        const space = ' '.repeat(widths[column]! - columnsOf(cell));
        return side === 'left' ? cell + space : space + cell;
      })
      .join('  ')
      .trimEnd(),
  );
}
