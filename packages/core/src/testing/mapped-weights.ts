import type { WeightSource } from '../engine/engine.ts';
import type { Architecture, EncoderDecoderArchitecture } from '../engine/operations.ts';
import { type MatrixRequest, requestWeights } from '../engine/weight-requests.ts';

/** Indexed by position or distance, not multiplied. Engines keep these in full precision in every weight format. */
const positionTables = /(wpe|embed_positions|relative_attention_bias)\.weight$/;

/**
 * A checkpoint whose matrices are changed when an architecture requests them, for tests of engines with other weight
 * formats.
 *
 * @param map changes rows of weights in place, [outputs, inputs], in any layout of the checkpoint.
 */
export function mappedWeights<C, P>(
  architecture: Architecture<C, P> | EncoderDecoderArchitecture<C, P>,
  config: C,
  source: WeightSource,
  map: (rows: Float32Array, inputs: number, request: MatrixRequest) => void,
): WeightSource {
  const { requests } = requestWeights(architecture, config, source);
  const matrices = new Map<string, MatrixRequest>();
  for (const request of requests)
    if (request.kind === 'matrix')
      for (const name of request.names) if (!positionTables.test(name)) matrices.set(name, request);
  return {
    name: source.name,
    names: () => source.names(),
    shape: (name) => source.shape(name),
    bytes: (name) => source.bytes(name),
    format: (name) => source.format?.(name),
    async read(name) {
      const values = await source.read(name);
      const request = matrices.get(name);
      if (request === undefined) return values;
      const { inputs, layout } = request.shape;
      const outputs = values.length / inputs;
      const rows = layout === 'input-output' ? transposed(values, inputs, outputs) : values;
      map(rows, inputs, request);
      return layout === 'input-output' ? transposed(rows, outputs, inputs) : rows;
    },
  };
}

/** [rows, columns] -> [columns, rows]. */
function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(values.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) result[column * rows + row] = values[row * columns + column]!;
  return result;
}
