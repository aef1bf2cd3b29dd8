import { rowBytes, type Step } from '../../graph/compiler.ts';
import { RowCopy } from '../cache/row-copy.ts';
import { readsHalves } from '../shaders/common.ts';
import { elementsKernel, embedKernel, normKernel, positionsKernel, rotaryKernel } from '../shaders/rows.ts';
import type { Binder, Groups, Player } from './binder.ts';

type StepOf<Kind extends Step['kind']> = Extract<Step, { kind: Kind }>;

const perColumn =
  (columns: number) =>
  (count: number): Groups => [Math.ceil(columns / 64), count, 1];

/** Rows of a table, by token or by position. */
export function embedPlayer(binder: Binder, { operation }: StepOf<'embed'>, index: number): Player {
  const { frame, arena, maxTokens } = binder.setting;
  const { vectors } = binder.weights;
  const { result, table } = operation;
  const [at, stride] = binder.place(result);
  if (operation.kind === 'positions') {
    const p = binder.write(index, [at, stride, binder.vector(table), 0, operation.offset]);
    const kernel = positionsKernel(result.columns, maxTokens);
    return binder.fixed(kernel, [p, frame, arena, vectors], perColumn(result.columns));
  }
  const { positions, positionOffset = 0, scale = 1 } = operation.options;
  const { buffer, layout } = binder.weights.matrix(table);
  const p = binder.write(index, [at, stride, binder.vector(positions), 0, positionOffset]);
  const halves = readsHalves(layout, binder.device.abilities);
  const kernel = embedKernel(layout, halves, scale, positions !== undefined, maxTokens);
  return binder.fixed(kernel, [p, frame, arena, vectors, buffer], perColumn(result.columns / 8));
}

/** A norm that is not folded into the operation that reads it. */
export function normPlayer(binder: Binder, { operation }: StepOf<'norm'>, index: number): Player {
  const { frame, arena, maxTokens, counted } = binder.setting;
  const { x, result, options } = operation;
  const { kind, weight, bias, epsilon, groups = 1 } = options;
  const p = binder.write(index, [
    ...binder.place(x),
    ...binder.place(result),
    binder.vector(weight),
    binder.vector(bias),
  ]);
  const shape = { kind, size: x.columns / groups, epsilon, bias: bias !== undefined };
  const kernel = normKernel(shape, maxTokens, counted);
  return binder.fixed(kernel, [p, frame, arena, binder.weights.vectors], (count) => [groups, count, 1]);
}

/** Rotary positions that are not folded into attention. */
export function rotaryPlayer(binder: Binder, { operation }: StepOf<'rotary'>, index: number): Player {
  const { frame, arena, maxTokens } = binder.setting;
  const { x, result, options } = operation;
  const { headDim, rotated = headDim, style, table } = options;
  const p = binder.write(index, [...binder.place(x), ...binder.place(result), binder.vector(table)]);
  const kernel = rotaryKernel({ rotated, style, headDim, columns: x.columns }, maxTokens);
  return binder.fixed(kernel, [p, frame, arena, binder.weights.vectors], perColumn(x.columns));
}

/** Sums, products, scales and soft caps. */
export function elementsPlayer(binder: Binder, { operation }: StepOf<'elements'>, index: number): Player {
  const { frame, arena, maxTokens, counted } = binder.setting;
  const { kind, x, result } = operation;
  const second = 'y' in operation ? binder.place(operation.y) : [0, 0];
  const factor = 'factor' in operation ? operation.factor : 1;
  const p = binder.write(index, [...binder.place(x), ...second, ...binder.place(result)]);
  const kernel = elementsKernel(kind, x.columns, factor, maxTokens, counted);
  return binder.fixed(kernel, [p, frame, arena], perColumn(x.columns));
}

/** Copies the hidden states of a layer when requested. */
export function tapPlayer(binder: Binder, { operation }: StepOf<'tap'>, index: number): Player {
  const { frame, arena, maxTokens } = binder.setting;
  const { x, layer } = operation;
  const places = binder.write(index, [...binder.place(x), 0, rowBytes(x.columns) / 4]);
  const copy = new RowCopy(binder.device, { columns: x.columns, which: 'scored', maxTokens, places, frame, arena });
  return ({ pass, taps, scored = 0 }) => {
    const target = taps?.get(layer);
    if (target !== undefined && scored > 0) copy.play(pass, target, scored);
  };
}
