/** [rows, columns] -> [columns, rows]. Blocked, for the cache lines. */
export function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(values.length);
  const block = 32;
  for (let row0 = 0; row0 < rows; row0 += block)
    for (let column0 = 0; column0 < columns; column0 += block)
      for (let column = column0; column < Math.min(columns, column0 + block); column++)
        for (let row = row0; row < Math.min(rows, row0 + block); row++)
          result[column * rows + row] = values[row * columns + column]!;
  return result;
}
