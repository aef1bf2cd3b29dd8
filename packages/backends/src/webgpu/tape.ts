import { UnsupportedError, type Weight } from '@tokenwright/core';
import { type Program, rowBytes, type Step } from '../wasm/compiler.ts';
import type { Value } from '../wasm/recorder.ts';
import type { BlockPool } from './block-pool.ts';
import type { Device, Kernel } from './device.ts';
import { type AttendShape, appendKernel, attendKernel, mergeKernel } from './shaders/attend.ts';
import { readsHalves } from './shaders/common.ts';
import {
  fewOutputs,
  fewTokens,
  fewTokensKernel,
  type LinearShape,
  manyTokensKernel,
  tileSize,
} from './shaders/linear.ts';
import {
  copyRowsKernel,
  elementsKernel,
  embedKernel,
  normKernel,
  positionsKernel,
  rotaryKernel,
} from './shaders/rows.ts';
import type { Weights } from './weights.ts';

export interface TapeSetting {
  readonly frame: GPUBuffer;
  readonly arena: GPUBuffer;
  /** Where shares of split attentions are left. */
  readonly partials: GPUBuffer;
  readonly maxTokens: number;
  readonly counted: 'tokens' | 'scored';
}

/** One passage over a tape. */
export interface Play {
  readonly pass: GPUComputePassEncoder;
  /** Tokens, or scored tokens, that it goes over. */
  readonly count: number;
  readonly shares: number;
  readonly cache?: BlockPool | undefined;
  readonly memory?: BlockPool | undefined;
  /** Layers whose hidden states are wanted, and where the rows of scored tokens go. */
  readonly taps?: ReadonlyMap<number, GPUBuffer>;
  readonly scored?: number;
}

type Groups = readonly [number, number, number];
type Player = (play: Play) => void;

/** Bytes between parameters of steps: the least alignment that every device accepts. */
const parameterStride = 256;

/** A compiled program with its kernels, parameters and bindings, all made once and played again and again. */
export class Tape {
  readonly #device: Device;
  readonly #program: Program;
  readonly #weights: Weights;
  readonly #setting: TapeSetting;
  readonly #parameters: GPUBuffer;
  readonly #players: readonly Player[];

  constructor(device: Device, program: Program, weights: Weights, setting: TapeSetting) {
    this.#device = device;
    this.#program = program;
    this.#weights = weights;
    this.#setting = setting;
    this.#parameters = device.uniform('parameters', Math.max(1, program.steps.length) * parameterStride);
    this.#players = program.steps.map((step, index) => this.#player(step, index));
  }

  play(play: Play): void {
    for (const player of this.#players) player(play);
  }

  /** Where a value stands in the arena, in numbers, and the distance of its rows. */
  place(value: Value): readonly [number, number] {
    return [(this.#program.offsets.get(value.root) ?? 0) / 4 + value.first, rowBytes(value.root.columns) / 4];
  }

  dispose(): void {
    this.#device.release(this.#parameters);
  }

  /** Write the parameters of a step; the slice of the buffer that it binds. */
  #write(index: number, numbers: readonly number[]): GPUBufferBinding {
    const words = new Uint32Array(16);
    words.set(numbers);
    const offset = index * parameterStride;
    this.#device.gpu.queue.writeBuffer(this.#parameters, offset, words);
    return { buffer: this.#parameters, offset, size: 64 };
  }

  /** A step that binds the same things always. */
  #fixed(
    kernel: Kernel,
    resources: readonly (GPUBuffer | GPUBufferBinding)[],
    groups: (count: number) => Groups,
  ): Player {
    const start = this.#starter(kernel, resources);
    return ({ pass, count }) => start(pass, groups(count));
  }

  /** The pipeline and the bindings of a kernel, made at the first use. */
  #starter(
    kernel: Kernel,
    resources: readonly (GPUBuffer | GPUBufferBinding)[],
  ): (pass: GPUComputePassEncoder, groups: Groups) => void {
    let pipeline: GPUComputePipeline | undefined;
    let bindings: GPUBindGroup | undefined;
    return (pass, groups) => {
      pipeline ??= this.#device.pipeline(kernel);
      bindings ??= this.#device.bind(kernel, resources);
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, bindings);
      pass.dispatchWorkgroups(...groups);
      this.#device.dispatches++;
    };
  }

  #player(step: Step, index: number): Player {
    const { frame, arena, maxTokens, counted } = this.#setting;
    const { vectors } = this.#weights;
    const perColumn =
      (columns: number) =>
      (count: number): Groups => [Math.ceil(columns / 64), count, 1];
    const place = (value: Value): readonly [number, number] => this.place(value);
    const vector = (weight: Weight | undefined): number => this.#weights.place(weight);
    switch (step.kind) {
      case 'embed': {
        const { operation } = step;
        const { result } = operation;
        if (operation.kind === 'positions') {
          const p = this.#write(index, [...place(result), vector(operation.table), 0, operation.offset]);
          return this.#fixed(
            positionsKernel(result.columns, maxTokens),
            [p, frame, arena, vectors],
            perColumn(result.columns),
          );
        }
        const { positions, positionOffset = 0, scale = 1 } = operation.options;
        const { buffer, layout } = this.#weights.matrix(operation.table);
        const p = this.#write(index, [...place(result), vector(positions), 0, positionOffset]);
        return this.#fixed(
          embedKernel(layout, readsHalves(layout, this.#device.abilities), scale, positions !== undefined, maxTokens),
          [p, frame, arena, vectors, buffer],
          perColumn(result.columns / 8),
        );
      }
      case 'norm': {
        const { x, result, options } = step.operation;
        const { kind, gain, bias, epsilon, groups = 1 } = options;
        const size = x.columns / groups;
        const p = this.#write(index, [...place(x), ...place(result), vector(gain), vector(bias)]);
        const kernel = normKernel({ kind, size, epsilon, bias: bias !== undefined }, maxTokens, counted);
        return this.#fixed(kernel, [p, frame, arena, vectors], (count) => [groups, count, 1]);
      }
      case 'linear':
      case 'gated':
        return this.#linear(step, index);
      case 'rotary': {
        const { x, result, options } = step.operation;
        const { headDim, rotated = headDim, style, table } = options;
        const p = this.#write(index, [...place(x), ...place(result), vector(table)]);
        const kernel = rotaryKernel({ rotated, style, headDim, columns: x.columns }, maxTokens);
        return this.#fixed(kernel, [p, frame, arena, vectors], perColumn(x.columns));
      }
      case 'elements': {
        const { operation } = step;
        const { kind, x, result } = operation;
        const second = 'y' in operation ? place(operation.y) : [0, 0];
        const p = this.#write(index, [...place(x), ...second, ...place(result)]);
        const kernel = elementsKernel(
          kind,
          x.columns,
          'factor' in operation ? operation.factor : 1,
          maxTokens,
          counted,
        );
        return this.#fixed(kernel, [p, frame, arena], perColumn(x.columns));
      }
      case 'tap':
        return this.#tap(step, index);
      case 'attend':
        return this.#attend(step, index);
      case 'recall':
        return this.#recall(step, index);
      case 'remember': {
        const { k, v, layer, kvHeads } = step.operation;
        const p = this.#write(index, [...place(k), ...place(v), layer, 0]);
        return this.#onPool(
          ({ cache }) => cache!,
          ({ layout, buffer }) => {
            const kernel = appendKernel({ cache: layout, rotary: undefined, maxTokens });
            const start = this.#starter(kernel, [p, frame, arena, vectors, buffer]);
            return ({ pass, count }) => start(pass, [kvHeads, count, 1]);
          },
        );
      }
    }
  }

  #linear(step: Extract<Step, { kind: 'linear' | 'gated' }>, index: number): Player {
    const { frame, arena, maxTokens, counted } = this.#setting;
    const { operation, norm } = step;
    const gated = operation.kind === 'gated';
    const { bias, residual } = gated ? {} : operation.options;
    const activation = gated ? operation.activation : operation.options.activation;
    const { buffer, layout } = this.#weights.matrix(operation.weight);
    const { abilities } = this.#device;
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
    const p = this.#write(index, [
      ...this.place(norm?.x ?? operation.x),
      ...this.place(operation.result),
      ...(residual === undefined ? [0, 0] : this.place(residual)),
      this.#weights.place(bias),
      this.#weights.place(norm?.options.gain),
      this.#weights.place(norm?.options.bias),
    ]);
    const resources = [p, frame, arena, this.#weights.vectors, buffer];
    const one = this.#starter(fewTokensKernel(shape, 1, abilities), resources);
    const few = this.#starter(fewTokensKernel(shape, fewTokens, abilities), resources);
    const many = this.#starter(manyTokensKernel(shape), resources);
    const { columns } = operation.result;
    const most = this.#device.gpu.limits.maxComputeWorkgroupsPerDimension;
    // The places of a vocabulary may be more than one dimension holds.
    const groups = (size: number, layers: number): Groups => {
      const all = Math.ceil(columns / size);
      const width = Math.min(all, most);
      return [width, Math.ceil(all / width), layers];
    };
    return ({ pass, count }) => {
      if (count === 1) one(pass, groups(fewOutputs, 1));
      else if (count <= fewTokens) few(pass, groups(fewOutputs, 1));
      else many(pass, groups(tileSize, Math.ceil(count / tileSize)));
    };
  }

  #attend(step: Extract<Step, { kind: 'attend' }>, index: number): Player {
    const { frame, arena, partials, maxTokens } = this.#setting;
    const { operation, q, k, rotary } = step;
    const { layer, heads, kvHeads, softcap, window, bias, direction = 'causal' } = operation.options;
    const headDim = operation.q.columns / heads;
    const relative = bias && this.#weights.relativeBias(bias);
    const table = rotary === undefined ? 0 : this.#weights.place(rotary.options.table);
    const turn = rotary && { rotated: rotary.options.rotated ?? headDim, style: rotary.options.style };
    const { vectors } = this.#weights;
    // The parameters of both kernels share a slice: the keys' come second.
    const p = this.#write(index, [
      ...this.place(q),
      ...this.place(operation.result),
      layer,
      table,
      relative?.at ?? 0,
      0,
      ...this.place(k),
      ...this.place(operation.v),
    ]);
    return this.#onPool(
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
        const append = this.#starter(
          appendKernel({ cache: layout, rotary: step.turnsKeys ? turn : undefined, maxTokens }, 2),
          [p, frame, arena, vectors, buffer],
        );
        const attend = this.#attention(shape, p, buffer, partials);
        return (play) => {
          append(play.pass, [kvHeads, play.count, 1]);
          attend(play);
        };
      },
    );
  }

  #recall({ operation }: Extract<Step, { kind: 'recall' }>, index: number): Player {
    const { partials, maxTokens } = this.#setting;
    const { layer, heads } = operation.options;
    const headDim = operation.q.columns / heads;
    const p = this.#write(index, [...this.place(operation.q), ...this.place(operation.result), layer]);
    return this.#onPool(
      ({ memory }) => {
        if (memory === undefined) throw new UnsupportedError('a decoder without a source', 'The WebGPU engine');
        return memory;
      },
      ({ layout, buffer }) =>
        this.#attention(
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

  /** Undivided, or in shares that are then merged. */
  #attention(shape: AttendShape, p: GPUBufferBinding, pool: GPUBuffer, partials: GPUBuffer): Player {
    const { frame, arena } = this.#setting;
    const resources = [p, frame, arena, this.#weights.vectors, pool];
    const whole = this.#starter(attendKernel(shape, false), resources);
    const share = this.#starter(attendKernel(shape, true), [...resources, partials]);
    const merge = this.#starter(mergeKernel(shape), [p, frame, arena, partials]);
    return ({ pass, count, shares }) => {
      if (shares === 1) whole(pass, [shape.heads, count, 1]);
      else {
        share(pass, [shape.heads, count, shares]);
        merge(pass, [shape.heads, count, 1]);
      }
    };
  }

  /** A step that binds the buffer of a pool: made again for another pool, and when the pool has moved. */
  #onPool(which: (play: Play) => BlockPool, make: (pool: BlockPool) => Player): Player {
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

  #tap({ operation }: Extract<Step, { kind: 'tap' }>, index: number): Player {
    const { frame, arena, maxTokens } = this.#setting;
    const { x, layer } = operation;
    const p = this.#write(index, [...this.place(x), 0, rowBytes(x.columns) / 4]);
    const kernel = copyRowsKernel(x.columns, 'scored', maxTokens);
    return ({ pass, taps, scored = 0 }) => {
      const target = taps?.get(layer);
      if (target === undefined || scored === 0) return;
      this.#starter(kernel, [p, frame, arena, target])(pass, [Math.ceil(x.columns / 64), scored, 1]);
    };
  }
}
