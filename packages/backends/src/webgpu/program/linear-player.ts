import type { Step } from '../../graph/compiler.ts';
import { readsHalves } from '../shaders/common.ts';
import {
  fewOutputs,
  fewTokens,
  fewTokensKernel,
  type LinearShape,
  manyTokensKernel,
  tileSize,
} from '../shaders/linear.ts';
import type { Binder, Groups, Player } from './binder.ts';

type LinearStep = Extract<Step, { kind: 'linear' | 'gated' }>;

/** A linear map, possibly gated, with its folded norm. */
export function linearPlayer(binder: Binder, step: LinearStep, index: number): Player {
  const { frame, arena, maxTokens, counted } = binder.setting;
  const { operation, norm } = step;
  const gated = operation.kind === 'gated';
  const { bias, residual } = gated ? {} : operation.options;
  const activation = gated ? operation.activation : operation.options.activation;
  const { buffer, layout } = binder.weights.matrix(operation.weight);
  const { abilities } = binder.device;
  const shape: LinearShape = {
    layout,
    halves: readsHalves(layout, abilities),
    gated,
    norm: norm?.options.kind,
    normBias: norm?.options.bias !== undefined,
    epsilon: norm?.options.epsilon ?? 0,
    bias: bias !== undefined,
    activation,
    residual: residual !== undefined,
    maxTokens,
    counted,
  };
  const p = binder.write(index, [
    ...binder.place(norm?.x ?? operation.x),
    ...binder.place(operation.result),
    ...(residual === undefined ? [0, 0] : binder.place(residual)),
    binder.vector(bias),
    binder.vector(norm?.options.weight),
    binder.vector(norm?.options.bias),
  ]);
  const resources = [p, frame, arena, binder.weights.vectors, buffer];
  const one = binder.starter(fewTokensKernel(shape, 1, abilities), resources);
  const few = binder.starter(fewTokensKernel(shape, fewTokens, abilities), resources);
  const many = binder.starter(manyTokensKernel(shape), resources);
  const { columns } = operation.result;
  const most = binder.device.gpu.limits.maxComputeWorkgroupsPerDimension;
  // The outputs of a vocabulary may exceed the limit of one dispatch dimension.
  const groups = (size: number, layers: number): Groups => {
    const all = Math.ceil(columns / size);
    const width = Math.min(all, most);
    return [width, Math.ceil(all / width), layers];
  };
  if (binder.device.batchInvariant)
    return ({ pass, count }) => few(pass, groups(fewOutputs, Math.ceil(count / fewTokens)));
  return ({ pass, count }) => {
    if (count === 1) one(pass, groups(fewOutputs, 1));
    else if (count <= fewTokens) few(pass, groups(fewOutputs, 1));
    else many(pass, groups(tileSize, Math.ceil(count / tileSize)));
  };
}
