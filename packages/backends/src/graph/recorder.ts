import { ParameterError, ShapeError, UnsupportedError } from '@tokenwright/core';
import type {
  Activation,
  AttendOptions,
  CrossAttendOptions,
  EmbedOptions,
  LinearOptions,
  NormOptions,
  Operations,
  RotaryOptions,
  Weight,
  WeightRequest,
} from '@tokenwright/core/engine';

/** An activation while a model is recorded: a range of columns of an operation's result. */
export interface Value {
  readonly columns: number;
  /** The value that holds the numbers: this one, or the one that this is a view of. */
  readonly root: Value;
  /** First column within the root. */
  readonly first: number;
}

/** One operation of a recorded forward pass, in the order in which the model called them. */
export type Operation =
  | { readonly kind: 'embed'; readonly result: Value; readonly table: Weight; readonly options: EmbedOptions<Weight> }
  | { readonly kind: 'positions'; readonly result: Value; readonly table: Weight; readonly offset: number }
  | { readonly kind: 'norm'; readonly result: Value; readonly x: Value; readonly options: NormOptions<Weight> }
  | {
      readonly kind: 'linear';
      readonly result: Value;
      readonly x: Value;
      readonly weight: Weight;
      readonly options: LinearOptions<Value, Weight>;
    }
  | {
      readonly kind: 'gated';
      readonly result: Value;
      readonly x: Value;
      readonly weight: Weight;
      readonly activation: Activation;
    }
  | { readonly kind: 'rotary'; readonly result: Value; readonly x: Value; readonly options: RotaryOptions<Weight> }
  | {
      readonly kind: 'attend';
      readonly result: Value;
      readonly q: Value;
      readonly k: Value;
      readonly v: Value;
      readonly options: AttendOptions<Weight>;
    }
  | { readonly kind: 'crossAttend'; readonly result: Value; readonly q: Value; readonly options: CrossAttendOptions }
  | {
      readonly kind: 'storeEncoderKeyValues';
      readonly k: Value;
      readonly v: Value;
      readonly layer: number;
      readonly kvHeads: number;
    }
  | { readonly kind: 'add' | 'multiply'; readonly result: Value; readonly x: Value; readonly y: Value }
  | { readonly kind: 'scale' | 'softcap'; readonly result: Value; readonly x: Value; readonly factor: number }
  | { readonly kind: 'tap'; readonly x: Value; readonly layer: number };

const activations: readonly Activation[] = ['gelu', 'gelu-tanh', 'silu', 'relu'];

/**
 * The operations of the engine seam, recorded instead of executed. Sizes are checked here, under the name of the
 * operation, so that running the tape cannot fail.
 *
 * @throws ShapeError or ParameterError for operands that do not match.
 */
export class Recorder implements Operations<Value, Weight> {
  readonly operations: Operation[] = [];
  readonly #requests: ReadonlyMap<Weight, WeightRequest>;

  constructor(requests: ReadonlyMap<Weight, WeightRequest>) {
    this.#requests = requests;
  }

  /** The input of a program: [N, columns]. */
  input(columns: number): Value {
    return newValue(columns);
  }

  embed(table: Weight, options: EmbedOptions<Weight> = {}): Value {
    const columns = this.#tableColumns('embed', table);
    if (options.positions !== undefined)
      this.#agree('embed: positions', columns, this.#tableColumns('embed', options.positions));
    const result = newValue(columns);
    this.operations.push({ kind: 'embed', result, table, options });
    return result;
  }

  positions(table: Weight, offset: number): Value {
    const result = newValue(this.#tableColumns('positions', table));
    this.operations.push({ kind: 'positions', result, table, offset });
    return result;
  }

  norm(x: Value, options: NormOptions<Weight>): Value {
    const groups = options.groups ?? 1;
    this.#divides('norm: groups', groups, x.columns);
    this.#agree('norm: weight', x.columns / groups, this.#vectorLength('norm', options.weight));
    if (options.bias !== undefined)
      this.#agree('norm: bias', x.columns / groups, this.#vectorLength('norm', options.bias));
    const result = newValue(x.columns);
    this.operations.push({ kind: 'norm', result, x, options });
    return result;
  }

  linear(x: Value, weight: Weight, options: LinearOptions<Value, Weight> = {}): Value {
    const { inputs, outputs } = this.#matrix('linear', weight);
    this.#agree('linear: inputs', inputs, x.columns);
    if (options.bias !== undefined) this.#agree('linear: bias', outputs, this.#vectorLength('linear', options.bias));
    if (options.residual !== undefined) this.#agree('linear: residual', outputs, options.residual.columns);
    if (options.activation !== undefined) checkActivation('linear', options.activation);
    const result = newValue(outputs);
    this.operations.push({ kind: 'linear', result, x, weight, options });
    return result;
  }

  gated(x: Value, pairs: Weight, activation: Activation): Value {
    const { inputs, outputs, use } = this.#matrix('gated', pairs);
    if (use !== 'gateUp') throw new ParameterError('gated', 'gateUp', "a matrix requested with use 'gateUp'", use);
    this.#agree('gated: inputs', inputs, x.columns);
    checkActivation('gated', activation);
    const result = newValue(outputs / 2);
    this.operations.push({ kind: 'gated', result, x, weight: pairs, activation });
    return result;
  }

  split(x: Value, widths: readonly number[]): Value[] {
    this.#agree(
      'split: widths',
      x.columns,
      widths.reduce((sum, width) => sum + width, 0),
    );
    let first = x.first;
    return widths.map((columns) => {
      const view = { columns, root: x.root, first };
      first += columns;
      return view;
    });
  }

  rotary(x: Value, options: RotaryOptions<Weight>): Value {
    const { headDim, table, rotated = headDim } = options;
    this.#divides('rotary: headDim', headDim, x.columns);
    this.#agree('rotary: table', rotated, this.#tableColumns('rotary', table));
    if (rotated % 2 !== 0 || rotated > headDim)
      throw new ParameterError('rotary', 'rotated', `an even number up to ${headDim}`, rotated);
    const result = newValue(x.columns);
    this.operations.push({ kind: 'rotary', result, x, options });
    return result;
  }

  attend(q: Value, k: Value, v: Value, options: AttendOptions<Weight>): Value {
    const { heads, kvHeads } = options;
    this.#divides('attend: heads', heads, q.columns);
    this.#divides('attend: kvHeads', kvHeads, heads);
    this.#agree('attend: keys', (q.columns / heads) * kvHeads, k.columns);
    this.#agree('attend: values', k.columns, v.columns);
    const result = newValue(q.columns);
    this.operations.push({ kind: 'attend', result, q, k, v, options });
    return result;
  }

  crossAttend(q: Value, options: CrossAttendOptions): Value {
    this.#divides('crossAttend: heads', options.heads, q.columns);
    this.#divides('crossAttend: kvHeads', options.kvHeads, options.heads);
    const result = newValue(q.columns);
    this.operations.push({ kind: 'crossAttend', result, q, options });
    return result;
  }

  storeEncoderKeyValues(k: Value, v: Value, options: { readonly layer: number; readonly kvHeads: number }): void {
    this.#divides('storeEncoderKeyValues: kvHeads', options.kvHeads, k.columns);
    this.#agree('storeEncoderKeyValues: values', k.columns, v.columns);
    this.operations.push({ kind: 'storeEncoderKeyValues', k, v, ...options });
  }

  add(x: Value, y: Value): Value {
    this.#agree('add', x.columns, y.columns);
    const result = newValue(x.columns);
    this.operations.push({ kind: 'add', result, x, y });
    return result;
  }

  multiply(x: Value, y: Value): Value {
    this.#agree('multiply', x.columns, y.columns);
    const result = newValue(x.columns);
    this.operations.push({ kind: 'multiply', result, x, y });
    return result;
  }

  scale(x: Value, factor: number): Value {
    const result = newValue(x.columns);
    this.operations.push({ kind: 'scale', result, x, factor });
    return result;
  }

  softcap(x: Value, cap: number): Value {
    const result = newValue(x.columns);
    this.operations.push({ kind: 'softcap', result, x, factor: cap });
    return result;
  }

  tap(x: Value, layer: number): void {
    this.operations.push({ kind: 'tap', x, layer });
  }

  #request(operation: string, weight: Weight): WeightRequest {
    const request = this.#requests.get(weight);
    if (request === undefined) throw new UnsupportedError('a weight that was not requested', operation);
    return request;
  }

  #matrix(operation: string, weight: Weight): { inputs: number; outputs: number; use: string } {
    const request = this.#request(operation, weight);
    if (request.kind !== 'matrix') throw new ParameterError(operation, 'weight', 'a matrix', request.kind);
    const { inputs, outputs, use = 'stack' } = request.shape;
    return { inputs, outputs: outputs.reduce((sum, n) => sum + n, 0), use };
  }

  #tableColumns(operation: string, weight: Weight): number {
    const request = this.#request(operation, weight);
    if (request.kind === 'table') return request.width;
    return this.#matrix(operation, weight).inputs;
  }

  #vectorLength(operation: string, weight: Weight): number {
    const request = this.#request(operation, weight);
    if (request.kind !== 'vector') throw new ParameterError(operation, 'weight', 'a vector', request.kind);
    return request.lengths.reduce((sum, n) => sum + n, 0);
  }

  #agree(subject: string, expected: number, received: number): void {
    if (expected !== received) throw new ShapeError(subject, [expected], [received]);
  }

  #divides(subject: string, divisor: number, of: number): void {
    if (!Number.isInteger(divisor) || divisor < 1 || of % divisor !== 0)
      throw new ParameterError(subject, 'the number', `a divisor of ${of}`, divisor);
  }
}

function newValue(columns: number): Value {
  const value = { columns, first: 0 } as { columns: number; first: number; root: Value };
  value.root = value;
  return value;
}

function checkActivation(operation: string, activation: Activation): void {
  if (!activations.includes(activation))
    throw new ParameterError(operation, 'activation', `one of ${activations.join(', ')}`, activation);
}
