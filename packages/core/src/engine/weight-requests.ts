import { LoadError, MemoryLimitError, ParameterError, ShapeError } from '../errors.ts';
import type { WeightSource } from './engine.ts';
import type { Architecture, MatrixShape, Parameters, Weight } from './operations.ts';

/** One weight that an architecture requested, with the handle that an engine fills. */
export type WeightRequest = MatrixRequest | VectorRequest | TableRequest;

export interface MatrixRequest {
  readonly kind: 'matrix';
  readonly weight: Weight;
  readonly names: readonly string[];
  readonly shape: MatrixShape;
}

export interface VectorRequest {
  readonly kind: 'vector';
  readonly weight: Weight;
  readonly names: readonly string[];
  readonly lengths: readonly number[];
  readonly plus: number;
  /** Value i is the checkpoint's value order[i]; unchanged order when absent. */
  readonly order?: readonly number[];
}

export interface TableRequest {
  readonly kind: 'table';
  readonly weight: Weight;
  /** Rows of the table, by default all of them: [count, width]. */
  readonly values: (first?: number, count?: number) => Float32Array;
  readonly rows: number;
  readonly width: number;
}

/** Maximum number of values of a computed table, since no tensor limits its size. */
const largestTable = 2 ** 30;

/**
 * Collect the weight requests of an architecture and check each against the checkpoint. Nothing is read yet: a
 * checkpoint that does not match is rejected before anything is allocated.
 *
 * @throws LoadError for a missing tensor, ShapeError for one with another shape, MemoryLimitError for a computed table
 * of more than 2^30 values, which only a damaged configuration requests.
 */
export function requestWeights<C, P>(
  architecture: Architecture<C, P>,
  config: C,
  source: WeightSource,
): { readonly weights: P; readonly requests: readonly WeightRequest[] } {
  const requests: WeightRequest[] = [];
  const parameters: Parameters<Weight> = {
    matrix(names, shape) {
      const weight: Weight = {};
      checkMatrix(source, names, shape);
      requests.push({ kind: 'matrix', weight, names, shape });
      return weight;
    },
    vector(names, lengths, { plus = 0, order } = {}) {
      const weight: Weight = {};
      checkOrder(names, total(lengths), order);
      if (names.length === 1) checkShape(source, names[0]!, [total(lengths)]);
      else for (const [i, name] of names.entries()) checkShape(source, name, [lengths[i]!]);
      requests.push({ kind: 'vector', weight, names, lengths, plus, ...(order && { order }) });
      return weight;
    },
    table(values, rows, width) {
      if (rows * width > largestTable)
        throw new MemoryLimitError(`${source.name}: a table of ${rows} positions`, rows * width * 4, largestTable * 4);
      const weight: Weight = {};
      requests.push({
        kind: 'table',
        weight,
        values: (first = 0, count = rows - first) => values(first, count, rows),
        rows,
        width,
      });
      return weight;
    },
  };
  const weights = architecture.parameters(parameters, config, (name) => source.shape(name) !== undefined);
  return { weights, requests };
}

/** Outputs of all parts of a matrix. */
export function outputsOf(shape: MatrixShape): number {
  return total(shape.outputs);
}

/** Number of values of a request, before anything is read. */
export function elementsOf(request: WeightRequest): number {
  if (request.kind === 'matrix') return outputsOf(request.shape) * request.shape.inputs;
  if (request.kind === 'vector') return total(request.lengths);
  return request.rows * request.width;
}

/**
 * Read a matrix: [inputs, outputs] when `layout` is 'input-output', otherwise [outputs, inputs], row-major. Parts are
 * adjacent along the outputs, which are in the order of the shape.
 */
export async function readMatrix(
  source: WeightSource,
  request: MatrixRequest,
  layout: 'input-output' | 'output-input',
): Promise<Float32Array> {
  const { inputs, order } = request.shape;
  const values = await readAsStored(source, request, layout);
  if (order === undefined) return values;
  const result = new Float32Array(values.length);
  if (layout === 'output-input')
    for (const [output, from] of order.entries())
      result.set(values.subarray(from * inputs, (from + 1) * inputs), output * inputs);
  else
    for (let first = 0; first < values.length; first += order.length)
      for (const [output, from] of order.entries()) result[first + output] = values[first + from]!;
  return result;
}

/** A matrix in the requested layout, with its outputs in the checkpoint's order. */
async function readAsStored(
  source: WeightSource,
  { names, shape }: MatrixRequest,
  layout: 'input-output' | 'output-input',
): Promise<Float32Array> {
  const { inputs } = shape;
  const stored = shape.layout ?? 'output-input';
  const outputs = outputsOf(shape);
  if (names.length === 1) {
    const values = await source.read(names[0]!);
    if (stored === layout) return values;
    return stored === 'output-input' ? transposed(values, outputs, inputs) : transposed(values, inputs, outputs);
  }
  const result = new Float32Array(inputs * outputs);
  let first = 0;
  for (const [i, name] of names.entries()) {
    const part = await source.read(name);
    const width = shape.outputs[i]!;
    const rows = stored === 'output-input' ? part : transposed(part, inputs, width);
    if (layout === 'output-input') result.set(rows, first * inputs);
    else transposeInto(result, rows, width, inputs, first, outputs);
    first += width;
  }
  return result;
}

/** Read a vector: its parts concatenated, in the requested order, with its constant added. */
export async function readVector(
  source: WeightSource,
  { names, lengths, plus, order }: VectorRequest,
): Promise<Float32Array> {
  let result = new Float32Array(total(lengths));
  let first = 0;
  for (const name of names) {
    const part = await source.read(name);
    result.set(part, first);
    first += part.length;
  }
  if (order !== undefined) result = Float32Array.from(order, (from) => result[from]!);
  if (plus !== 0) for (let i = 0; i < result.length; i++) result[i]! += plus;
  return result;
}

function checkMatrix(source: WeightSource, names: readonly string[], shape: MatrixShape): void {
  checkOrder(names, outputsOf(shape), shape.order);
  const asStored = (outputs: number): readonly number[] =>
    shape.layout === 'input-output' ? [shape.inputs, outputs] : [outputs, shape.inputs];
  if (names.length === 1) checkShape(source, names[0]!, asStored(outputsOf(shape)));
  else for (const [i, name] of names.entries()) checkShape(source, name, asStored(shape.outputs[i]!));
}

function checkOrder(names: readonly string[], length: number, order: readonly number[] | undefined): void {
  if (order === undefined) return;
  const seen = new Set(order);
  if (
    order.length !== length ||
    seen.size !== length ||
    order.some((from) => !Number.isInteger(from) || from < 0 || from >= length)
  )
    throw new ParameterError(names.join(', '), 'order', `each of 0 to ${length - 1} once`, order);
}

function checkShape(source: WeightSource, name: string, expected: readonly number[]): void {
  const received = source.shape(name);
  if (received === undefined)
    throw new LoadError(source.name, `the tensor is missing; shape [${expected.join(', ')}] was expected`, name);
  // A vector may have leading dimensions of 1: Marian's final bias is [1, vocabulary].
  const excess = Math.max(0, received.length - expected.length);
  const trimmed = received.slice(0, excess).every((n) => n === 1) ? received.slice(excess) : received;
  if (trimmed.length !== expected.length || trimmed.some((n, i) => n !== expected[i]))
    throw new ShapeError(`${source.name}: the tensor '${name}'`, expected, received);
}

function total(numbers: readonly number[]): number {
  return numbers.reduce((sum, n) => sum + n, 0);
}

/** [rows, columns] -> [columns, rows]. */
function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(values.length);
  transposeInto(result, values, rows, columns, 0, rows);
  return result;
}

/** Write values [rows, columns] as columns first..first + rows of `target` [columns, stride]. Blocked, for the cache lines. */
function transposeInto(
  target: Float32Array,
  values: Float32Array,
  rows: number,
  columns: number,
  first: number,
  stride: number,
): void {
  const block = 32;
  for (let r0 = 0; r0 < rows; r0 += block)
    for (let c0 = 0; c0 < columns; c0 += block) {
      const r1 = Math.min(rows, r0 + block);
      const c1 = Math.min(columns, c0 + block);
      for (let c = c0; c < c1; c++)
        for (let r = r0; r < r1; r++) target[c * stride + first + r] = values[r * columns + c]!;
    }
}
