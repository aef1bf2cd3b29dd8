import { columnsOf, type Paint, wrap } from '../cli/terminal.ts';

/** Alignment of a column: 'left' for words, 'right' for numbers. */
export type Alignment = 'left' | 'right';

/** How much room a table has. */
export interface TableStyle {
  readonly paint: Paint;
  /** Columns of the terminal. */
  readonly width: number;
  /** Spaces before each line. Default 0. */
  readonly indent?: number;
}

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

/** A table with a head; on a terminal that is too narrow for it, each row becomes a list of its cells. */
export function headedTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  alignment: readonly Alignment[],
  { paint, width, indent = 0 }: TableStyle,
): string[] {
  const margin = ' '.repeat(indent);
  const table = tableLines([head.map((text) => paint('dim', text)), ...rows], alignment).map((line) => margin + line);
  if (table.every((line) => columnsOf(line) <= width)) return table;
  const column = Math.max(...head.map(columnsOf)) + 2;
  return rows.flatMap(([title = '', ...cells]) => [
    margin + title,
    ...cells.flatMap((cell, at) =>
      cell === ''
        ? []
        : factLines(head[at + 1]!, cell, column, { paint: (_, text) => paint('dim', text), width, indent: indent + 2 }),
    ),
  ]);
}

/** A name with its value, which is wrapped; below the name where there is no room beside it. */
export function factLines(
  name: string,
  value: string,
  column: number,
  { paint, width, indent = 0 }: TableStyle,
): string[] {
  const margin = ' '.repeat(indent);
  const room = width - indent - column;
  if (room < leastRoom)
    return [margin + paint('cyan', name), ...wrap(value, width - indent - 2).map((line) => `${margin}  ${line}`)];
  return wrap(value, room).map(
    (line, row) => `${margin}${row === 0 ? paint('cyan', name.padEnd(column)) : ' '.repeat(column)}${line}`,
  );
}

/** A value with less room than this is below its name. */
const leastRoom = 16;
