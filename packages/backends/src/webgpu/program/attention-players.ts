import { UnsupportedError } from '@tokenwright/core';
import type { Step } from '../../graph/compiler.ts';
import type { BlockPool } from '../cache/block-pool.ts';
import { type AttendShape, appendKernel, attendKernel, mergeKernel } from '../shaders/attend.ts';
import type { Binder, Play, Player } from './binder.ts';

type StepOf<Kind extends Step['kind']> = Extract<Step, { kind: Kind }>;

/** Attention over the cache, after writing the new keys and values to it. */
export function attendPlayer(binder: Binder, step: StepOf<'attend'>, index: number): Player {
  const { frame, arena, partials, maxTokens } = binder.setting;
  const { operation, q, k, rotary } = step;
  const { layer, heads, kvHeads, softcap, window, bias, direction = 'causal' } = operation.options;
  const headDim = operation.q.columns / heads;
  const relative = bias && binder.weights.relativeBias(bias);
  const table = rotary === undefined ? 0 : binder.vector(rotary.options.table);
  const turn = rotary && { rotated: rotary.options.rotated ?? headDim, style: rotary.options.style };
  const { vectors } = binder.weights;
  // The parameters of both kernels share one slice: those of the keys are second.
  const p = binder.write(index, [
    ...binder.place(q),
    ...binder.place(operation.result),
    layer,
    table,
    relative?.at ?? 0,
    0,
    ...binder.place(k),
    ...binder.place(operation.v),
  ]);
  return onPool(
    ({ cache }) => cache!,
    ({ layout, buffer }) => {
      const shape: AttendShape = {
        cache: layout,
        heads,
        scale: operation.options.scale ?? 1 / Math.sqrt(headDim),
        softcap,
        window,
        reach: relative?.reach,
        sees: direction === 'causal' ? 'before' : 'row',
        rotary: step.turnsQueries ? turn : undefined,
        maxTokens,
      };
      const append = binder.starter(
        appendKernel({ cache: layout, rotary: step.turnsKeys ? turn : undefined, maxTokens }, 2),
        [p, frame, arena, vectors, buffer],
      );
      const attend = attention(binder, shape, p, buffer, partials);
      return (play) => {
        append(play.pass, [kvHeads, play.count, 1]);
        attend(play);
      };
    },
  );
}

/** Cross-attention over the encoder keys and values of a source. */
export function crossAttendPlayer(binder: Binder, { operation }: StepOf<'crossAttend'>, index: number): Player {
  const { partials, maxTokens } = binder.setting;
  const { layer, heads } = operation.options;
  const headDim = operation.q.columns / heads;
  const p = binder.write(index, [...binder.place(operation.q), ...binder.place(operation.result), layer]);
  return onPool(
    ({ memory }) => {
      if (memory === undefined) throw new UnsupportedError('a decoder without a source', 'The WebGPU engine');
      return memory;
    },
    ({ layout, buffer }) =>
      attention(
        binder,
        {
          cache: layout,
          heads,
          scale: operation.options.scale ?? 1 / Math.sqrt(headDim),
          softcap: undefined,
          window: undefined,
          reach: undefined,
          sees: 'source',
          rotary: undefined,
          maxTokens,
        },
        p,
        buffer,
        partials,
      ),
  );
}

/** Writes the keys and values of a source to its store. */
export function storeEncoderKeyValuesPlayer(
  binder: Binder,
  step: StepOf<'storeEncoderKeyValues'>,
  index: number,
): Player {
  const { frame, arena, maxTokens } = binder.setting;
  const { vectors } = binder.weights;
  const { k, v, layer, kvHeads } = step.operation;
  const p = binder.write(index, [...binder.place(k), ...binder.place(v), layer, 0]);
  return onPool(
    ({ cache }) => cache!,
    ({ layout, buffer }) => {
      const kernel = appendKernel({ cache: layout, rotary: undefined, maxTokens });
      const start = binder.starter(kernel, [p, frame, arena, vectors, buffer]);
      return ({ pass, count }) => start(pass, [kvHeads, count, 1]);
    },
  );
}

/** Undivided, or split into shares that are then merged. */
function attention(
  binder: Binder,
  shape: AttendShape,
  p: GPUBufferBinding,
  pool: GPUBuffer,
  partials: GPUBuffer,
): Player {
  const { frame, arena } = binder.setting;
  const resources = [p, frame, arena, binder.weights.vectors, pool];
  const whole = binder.starter(attendKernel(shape, false), resources);
  const share = binder.starter(attendKernel(shape, true), [...resources, partials]);
  const merge = binder.starter(mergeKernel(shape), [p, frame, arena, partials]);
  return ({ pass, count, shares }) => {
    if (shares === 1) whole(pass, [shape.heads, count, 1]);
    else {
      share(pass, [shape.heads, count, shares]);
      merge(pass, [shape.heads, count, 1]);
    }
  };
}

/** A step that binds the buffer of a pool. It is rebuilt for another pool, and when the pool's buffer was replaced. */
function onPool(which: (play: Play) => BlockPool, make: (pool: BlockPool) => Player): Player {
  const made = new WeakMap<BlockPool, { version: number; player: Player }>();
  return (play) => {
    const pool = which(play);
    const { buffer } = pool;
    let held = made.get(pool);
    if (held === undefined || held.version !== pool.version) {
      held = { version: pool.version, player: make(pool) };
      made.set(pool, held);
    }
    void buffer;
    held.player(play);
  };
}
