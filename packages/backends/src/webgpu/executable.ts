import {
  type Architecture,
  CacheError,
  type CacheKind,
  type Choice,
  checkInteger,
  DisposedError,
  type EncoderDecoderArchitecture,
  type Engine,
  type EngineMatrix,
  type Executable,
  type Frame,
  type KVStore,
  type PrepareOptions,
  type RunOptions,
  type RunResult,
  requestWeights,
  ShapeError,
  type SourceMemory,
  UnsupportedError,
  type WeightSource,
} from '@tokenwright/core';
import type { CacheElement } from '../wasm/block-pool.ts';
import { rowBytes } from '../wasm/compiler.ts';
import type { WeightFormat } from '../wasm/formats.ts';
import type { Window } from '../wasm/paged-store.ts';
import type { Value } from '../wasm/recorder.ts';
import { BlockPool } from './block-pool.ts';
import { WebgpuChoice } from './choice.ts';
import { FrameBuffer, type FramePlan, mostShares, splitTokens } from './frame.ts';
import { type MatrixSetting, WebgpuMatrix } from './matrix.ts';
import { PagedStore } from './paged-store.ts';
import { cacheShapeOf, headTokens, type Part, type Parts, recordParts } from './record.ts';
import { cacheLayout, partialSize } from './shaders/attend.ts';
import { copyRowsKernel } from './shaders/rows.ts';
import { WebgpuSourceMemory } from './source-memory.ts';
import { Tape } from './tape.ts';
import { Weights } from './weights.ts';

/** Most tokens of a frame. */
const frameTokens = 256;
/** Most tokens of a source: its tokens see each other, so they have to fit a frame. */
const longestSource = 1024;

export interface ExecutableSetting extends MatrixSetting {
  readonly engine: Engine;
  readonly format: WeightFormat;
  readonly cacheElement: CacheElement;
  readonly onDispose: (executable: WebgpuExecutable) => void;
}

/** Everything of an executable that is on the device. */
interface Held {
  readonly weights: Weights;
  readonly frame: FrameBuffer;
  readonly arena: GPUBuffer;
  readonly headArena: GPUBuffer;
  readonly copies: GPUBuffer;
  readonly buffers: readonly GPUBuffer[];
  readonly forward: Tape;
  readonly head: Tape;
  readonly encode: Tape | undefined;
  readonly memorise: Tape | undefined;
}

/** A model as lists of kernels that are played. A run uploads the frame, submits once, and reads nothing back. */
export class WebgpuExecutable implements Executable {
  readonly engine: Engine;
  readonly maxTokens: number;
  readonly weightBytes: number;
  readonly #setting: ExecutableSetting;
  readonly #name: string;
  readonly #parts: Parts;
  readonly #held: Held;
  readonly #pools: Map<string, BlockPool> = new Map();
  #scoredToHead: GPUBindGroup | undefined;
  #disposed = false;

  private constructor(setting: ExecutableSetting, name: string, maxTokens: number, parts: Parts, held: Held) {
    this.#setting = setting;
    this.engine = setting.engine;
    this.maxTokens = maxTokens;
    this.weightBytes = held.weights.bytes;
    this.#name = name;
    this.#parts = parts;
    this.#held = held;
  }

  /**
   * Record, compile, check that every buffer may be as large as it must, and load the weights. A failure leaves nothing allocated.
   * @throws MemoryLimitError before anything is read; LoadError, ShapeError for a checkpoint that does not fit.
   */
  static async prepare<C, P>(
    setting: ExecutableSetting,
    architecture: Architecture<C, P> | EncoderDecoderArchitecture<C, P>,
    config: C,
    source: WeightSource,
    options: PrepareOptions,
  ): Promise<WebgpuExecutable> {
    const { device, format } = setting;
    const { weights: tree, requests } = requestWeights(architecture, config, source);
    const { contextLength } = architecture.dimensions(config);
    const sourceLength = 'sourceLength' in architecture ? architecture.sourceLength(config) : 0;
    const maxTokens = Math.max(frameTokens, Math.min(sourceLength, longestSource));
    // A source fits a frame, whatever the model would allow.
    const maxSlots = Math.max(contextLength, maxTokens);
    const parts = recordParts(architecture, config, tree, requests, maxTokens);
    const all = [parts.forward, parts.head, parts.encode, parts.memorise].filter((part) => part !== undefined);
    const operations = all.flatMap((part) => part.operations);
    const weights = new Weights(device, source.name, requests, operations, format, maxSlots);
    const arenaBytes = Math.max(...all.filter((part) => part !== parts.head).map((part) => part.program.arenaBytes));
    device.checkSize(`${source.name}: tables of the cache`, FrameBuffer.bytes(maxTokens, maxSlots));
    const activations = [
      { what: `${source.name}: activations`, bytes: arenaBytes },
      { what: `${source.name}: activations of the head`, bytes: parts.head.program.arenaBytes },
      { what: `${source.name}: shares of attentions`, bytes: partialBytes(operations) },
    ];
    for (const { what, bytes } of activations) device.checkSize(what, bytes);

    const allocated: { dispose(): void }[] = [];
    const keep = <T extends { dispose(): void }>(thing: T): T => {
      allocated.push(thing);
      return thing;
    };
    const buffers: GPUBuffer[] = [];
    const room = (buffer: GPUBuffer): GPUBuffer => {
      buffers.push(buffer);
      return buffer;
    };
    try {
      return await device.guarded(`The weights of ${source.name}`, async () => {
        await keep(weights).allocate();
        const allocation = await device.allocate(`The activations of ${source.name}`, activations);
        const [arena, headArena, partials] = allocation.map(room) as [GPUBuffer, GPUBuffer, GPUBuffer];
        const copies = room(device.uniform('places of copies', 1024));
        const frame = keep(new FrameBuffer(device, maxTokens, maxSlots));
        const tape = (part: Part, counted: 'tokens' | 'scored' = 'tokens'): Tape =>
          keep(
            new Tape(device, part.program, weights, {
              frame: frame.buffer,
              arena: counted === 'scored' ? headArena : arena,
              partials,
              maxTokens,
              counted,
            }),
          );
        const held: Held = {
          weights,
          frame,
          arena,
          headArena,
          copies,
          buffers,
          forward: tape(parts.forward),
          head: tape(parts.head, 'scored'),
          encode: parts.encode && tape(parts.encode),
          memorise: parts.memorise && tape(parts.memorise),
        };
        await weights.load(source, options);
        return new WebgpuExecutable(setting, architecture.name, maxTokens, parts, held).#noteCopies();
      });
    } catch (error) {
      for (const thing of allocated) thing.dispose();
      for (const buffer of buffers) device.discard(buffer);
      throw error;
    }
  }

  createStore(rows: number, kind: CacheKind): PagedStore {
    this.#check();
    let element = this.#setting.cacheElement;
    let window: Window | undefined;
    if (kind.kind === 'growing') element = 'f32';
    if (kind.kind === 'f16' || kind.kind === '8-bit') element = kind.kind;
    if (kind.kind === 'window')
      window = {
        size: checkInteger('createCache', 'size', kind.size, 1),
        sinks: checkInteger('createCache', 'sinks', kind.sinks ?? 0, 0),
      };
    return new PagedStore(this.#pool('cache', this.#parts.forward, element), rows, window);
  }

  run(frame: Frame, store: KVStore, options: RunOptions = {}): RunResult {
    this.#check();
    const own = this.#own(store);
    this.#checkSize(frame);
    const { device } = this.#setting;
    const { forward: part, head: headPart } = this.#parts;
    const scored = frame.scored.length;
    const layers = [...new Set(options.layers ?? [])];
    this.#checkTapped(layers);
    const sources = options.sources && {
      store: this.#memory(options.sources.memory),
      ofRow: options.sources.ofRow,
    };
    const ids = options.ids && this.#chosen(options.ids, frame);
    const results: WebgpuMatrix[] = [];
    const taps = new Map<number, GPUBuffer>();
    const matrix = (what: string, rows: number, columns: number): WebgpuMatrix => {
      const result = WebgpuMatrix.make(this.#setting, what, rows, columns);
      results.push(result);
      return result;
    };
    try {
      reserve(frame, own);
      const logits = matrix('logits', scored, headPart.result.columns);
      const hidden = options.hidden ? matrix('hidden states', frame.ids.length, part.result.columns) : undefined;
      const ofLayers = new Map(layers.map((layer) => [layer, matrix('logits', scored, headPart.result.columns)]));
      const stride = rowBytes(headPart.input.columns);
      for (const layer of layers) taps.set(layer, device.storage('hidden states', Math.max(1, scored) * stride));

      const plan = this.#held.frame.write(frame, { store: own, ...(sources && { sources }) });
      if (scored > headTokens) this.#held.frame.score(0, headTokens);
      const encoder = device.gpu.createCommandEncoder();
      if (ids !== undefined) this.#held.frame.takeIds(encoder, ids);
      const pass = encoder.beginComputePass();
      const shares = plan.shares;
      this.#held.forward.play({
        pass,
        count: plan.tokens,
        shares,
        cache: own.pool,
        memory: sources?.store.pool,
        taps,
        scored,
      });
      if (hidden !== undefined) this.#copyAll(pass, 0, part.result, plan.tokens, hidden);
      this.#scoreInto(encoder, pass, plan, scored, logits);
      for (const [layer, target] of ofLayers) this.#scoreLayer(taps.get(layer)!, stride, scored, target);
      for (const [row, length] of lengthsOf(frame)) own.grown(row, length);
      return { logits, ...(hidden && { hidden }), ...(options.layers && { layers: ofLayers }) };
    } catch (error) {
      for (const result of results) result.dispose();
      throw error;
    } finally {
      for (const buffer of taps.values()) device.release(buffer);
    }
  }

  encode(frame: Frame): EngineMatrix {
    this.#check();
    const part = this.#parts.encode;
    const tape = this.#held.encode;
    if (part === undefined || tape === undefined)
      throw new UnsupportedError('a source text', `The architecture '${this.#name}'`);
    this.#checkSize(frame);
    const { device } = this.#setting;
    const store = new PagedStore(this.#pool('encode', part, 'f32'), rowsOf(frame));
    const encoded = WebgpuMatrix.make(this.#setting, 'encoded source', frame.ids.length, part.result.columns);
    try {
      reserve(frame, store);
      const plan = this.#held.frame.write(frame, { store });
      const encoder = device.gpu.createCommandEncoder();
      const pass = encoder.beginComputePass();
      tape.play({ pass, count: plan.tokens, shares: plan.shares, cache: store.pool });
      this.#copyAll(pass, 1, part.result, plan.tokens, encoded);
      pass.end();
      device.gpu.queue.submit([encoder.finish()]);
      return encoded;
    } catch (error) {
      encoded.dispose();
      throw error;
    } finally {
      store.dispose();
    }
  }

  memorise(encoded: EngineMatrix | Float32Array, frame: Frame): SourceMemory {
    this.#check();
    const part = this.#parts.memorise;
    const tape = this.#held.memorise;
    if (part === undefined || tape === undefined)
      throw new UnsupportedError('a source text', `The architecture '${this.#name}'`);
    const tokens = frame.ids.length;
    const { columns } = part.input;
    const rows = encoded instanceof Float32Array ? encoded.length / columns : encoded.rows;
    if (!(encoded instanceof Float32Array || encoded instanceof WebgpuMatrix))
      throw new CacheError('The encoded source belongs to another engine.');
    if (rows !== tokens || (!(encoded instanceof Float32Array) && encoded.columns !== columns))
      throw new ShapeError('The encoded source', [tokens, columns], [rows, columns]);
    const { gpu } = this.#setting.device;
    const store = new PagedStore(this.#pool('memory', part, 'f32'), rowsOf(frame));
    try {
      reserve(frame, store);
      const [first, stride] = tape.place(part.input);
      // Each token is memorised by itself, so any number of them goes in several frames.
      for (let from = 0; from < tokens; from += this.maxTokens) {
        const to = Math.min(tokens, from + this.maxTokens);
        const plan = this.#held.frame.write(partOf(frame, from, to), { store });
        const encoder = gpu.createCommandEncoder();
        for (let token = from; token < to; token++) {
          const target = (first + (token - from) * stride) * 4;
          if (encoded instanceof Float32Array)
            gpu.queue.writeBuffer(this.#held.arena, target, encoded.slice(token * columns, (token + 1) * columns));
          else encoder.copyBufferToBuffer(encoded.buffer, token * columns * 4, this.#held.arena, target, columns * 4);
        }
        const pass = encoder.beginComputePass();
        tape.play({ pass, count: plan.tokens, shares: 1, cache: store.pool });
        pass.end();
        gpu.queue.submit([encoder.finish()]);
      }
      for (const [row, length] of lengthsOf(frame)) store.grown(row, length);
      return new WebgpuSourceMemory(store);
    } catch (error) {
      store.dispose();
      throw error;
    }
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    const { weights, frame, forward, head, encode, memorise, buffers } = this.#held;
    for (const thing of [weights, frame, forward, head, encode, memorise]) thing?.dispose();
    for (const buffer of buffers) this.#setting.device.discard(buffer);
    for (const pool of this.#pools.values()) pool.dispose();
    this.#setting.onDispose(this);
  }

  /** What the pools hold on the device, in use or not. */
  get pooled(): { readonly bytes: number; readonly buffers: number } {
    const held = [...this.#pools.values()].filter(({ bytes }) => bytes > 0);
    return { bytes: held.reduce((sum, { bytes }) => sum + bytes, 0), buffers: held.length };
  }

  /** Bytes of the blocks that caches hold; blocks that are shared count once. */
  get cacheBytes(): number {
    return [...this.#pools.values()].reduce((sum, { usedBytes }) => sum + usedBytes, 0);
  }

  #check(): void {
    this.#setting.device.check();
    if (this.#disposed) throw new DisposedError(`The model '${this.#name}' on ${this.engine.name}`);
  }

  #own(store: KVStore): PagedStore {
    if (!(store instanceof PagedStore) || ![...this.#pools.values()].includes(store.pool))
      throw new CacheError(`The cache belongs to another engine or model than '${this.#name}' here.`);
    return store;
  }

  #memory(memory: SourceMemory): PagedStore {
    if (!(memory instanceof WebgpuSourceMemory) || memory.store.pool !== this.#pools.get('memory f32'))
      throw new CacheError('The source memory belongs to another engine or model.');
    return memory.store;
  }

  #chosen(choice: Choice, { ids }: Frame): WebgpuChoice {
    if (!(choice instanceof WebgpuChoice) || choice.device !== this.#setting.device)
      throw new CacheError('The chosen tokens belong to another engine.');
    if (choice.rows !== ids.length) throw new ShapeError('Chosen tokens', [ids.length], [choice.rows]);
    return choice;
  }

  #checkSize({ ids }: Frame): void {
    if (ids.length > this.maxTokens)
      throw new ShapeError(`A frame of at most ${this.maxTokens} tokens`, [this.maxTokens], [ids.length]);
  }

  #checkTapped(layers: readonly number[]): void {
    const { operations } = this.#parts.forward;
    for (const layer of layers)
      if (!operations.some((operation) => operation.kind === 'tap' && operation.layer === layer))
        throw new UnsupportedError(`an early exit after layer ${layer}`, `The architecture '${this.#name}'`);
  }

  #pool(what: 'cache' | 'encode' | 'memory', part: Part, element: CacheElement): BlockPool {
    const key = `${what} ${element}`;
    let pool = this.#pools.get(key);
    if (pool === undefined) {
      pool = new BlockPool(this.#setting.device, cacheLayout(element, cacheShapeOf(part.operations, this.#name)));
      this.#pools.set(key, pool);
    }
    return pool;
  }

  /** Places of the copies: hidden states and the encoded source to matrices, last hidden states to the head. */
  #noteCopies(): this {
    const { queue } = this.#setting.device.gpu;
    const { forward, encode, head, copies } = this.#held;
    const note = (index: number, words: readonly number[]): void =>
      queue.writeBuffer(
        copies,
        index * 256,
        Uint32Array.from({ length: 16 }, (_, i) => words[i] ?? 0),
      );
    const { result } = this.#parts.forward;
    note(0, [...forward.place(result), 0, result.columns]);
    if (encode !== undefined)
      note(1, [...encode.place(this.#parts.encode!.result), 0, this.#parts.encode!.result.columns]);
    note(2, [...forward.place(result), ...head.place(this.#parts.head.input)]);
    return this;
  }

  /** Copy a value of all tokens into a matrix. */
  #copyAll(pass: GPUComputePassEncoder, index: number, { columns }: Value, tokens: number, target: WebgpuMatrix): void {
    const { device } = this.#setting;
    const { frame, arena, copies } = this.#held;
    const kernel = copyRowsKernel(columns, 'all', this.maxTokens);
    pass.setPipeline(device.pipeline(kernel));
    const place = { buffer: copies, offset: index * 256, size: 64 };
    pass.setBindGroup(0, device.bind(kernel, [place, frame.buffer, arena, target.buffer]));
    pass.dispatchWorkgroups(Math.ceil(columns / 64), tokens, 1);
    device.dispatches++;
  }

  /** The head over the scored tokens' last hidden states, and the submission of everything. */
  #scoreInto(
    encoder: GPUCommandEncoder,
    pass: GPUComputePassEncoder,
    { shares }: FramePlan,
    scored: number,
    logits: WebgpuMatrix,
  ): void {
    const { device } = this.#setting;
    for (let first = 0; first === 0 || first < scored; first += headTokens) {
      const count = Math.min(headTokens, scored - first);
      if (first > 0) {
        this.#held.frame.score(first, count);
        encoder = device.gpu.createCommandEncoder();
        pass = encoder.beginComputePass();
      }
      if (count > 0) {
        this.#copyScored(pass, count);
        this.#held.head.play({ pass, count, shares });
      }
      pass.end();
      this.#copyLogits(encoder, logits, first, count);
      device.gpu.queue.submit([encoder.finish()]);
    }
  }

  #copyScored(pass: GPUComputePassEncoder, count: number): void {
    const { device } = this.#setting;
    const { frame, arena, copies, headArena } = this.#held;
    const { columns } = this.#parts.head.input;
    const kernel = this.#scoredKernel;
    this.#scoredToHead ??= device.bind(kernel, [
      { buffer: copies, offset: 512, size: 64 },
      frame.buffer,
      arena,
      headArena,
    ]);
    pass.setPipeline(device.pipeline(kernel));
    pass.setBindGroup(0, this.#scoredToHead);
    pass.dispatchWorkgroups(Math.ceil(columns / 64), count, 1);
    device.dispatches++;
  }

  get #scoredKernel(): ReturnType<typeof copyRowsKernel> {
    return copyRowsKernel(this.#parts.head.input.columns, 'scored', this.maxTokens);
  }

  /** The head over hidden states that were tapped. */
  #scoreLayer(tapped: GPUBuffer, stride: number, scored: number, logits: WebgpuMatrix): void {
    const { gpu } = this.#setting.device;
    const { frame, head, headArena } = this.#held;
    for (let first = 0; first < scored; first += headTokens) {
      const count = Math.min(headTokens, scored - first);
      frame.score(first, count);
      const encoder = gpu.createCommandEncoder();
      const at = head.place(this.#parts.head.input)[0] * 4;
      encoder.copyBufferToBuffer(tapped, first * stride, headArena, at, count * stride);
      const pass = encoder.beginComputePass();
      head.play({ pass, count, shares: 1 });
      pass.end();
      this.#copyLogits(encoder, logits, first, count);
      gpu.queue.submit([encoder.finish()]);
    }
  }

  #copyLogits(encoder: GPUCommandEncoder, logits: WebgpuMatrix, first: number, count: number): void {
    const [place, stride] = this.#held.head.place(this.#parts.head.result);
    const bytes = logits.columns * 4;
    for (let row = 0; row < count; row++)
      encoder.copyBufferToBuffer(
        this.#held.headArena,
        (place + row * stride) * 4,
        logits.buffer,
        (first + row) * bytes,
        bytes,
      );
  }
}

function partialBytes(operations: Parts['forward']['operations']): number {
  let most = 1;
  for (const operation of operations)
    if (operation.kind === 'attend' || operation.kind === 'recall') {
      const { heads } = operation.options;
      most = Math.max(most, splitTokens * heads * mostShares * partialSize(operation.q.columns / heads));
    }
  return most * 4;
}

function reserve(frame: Frame, store: PagedStore): void {
  for (const [row, length] of lengthsOf(frame)) store.reserve(row, length);
}

function rowsOf({ rows }: Frame): number {
  return rows.reduce((most, row) => Math.max(most, row + 1), 0);
}

/** The tokens from..to of a frame, none of them scored. */
function partOf({ ids, rows, positions, slots, firsts }: Frame, from: number, to: number): Frame {
  const cut = (numbers: Int32Array): Int32Array => numbers.subarray(from, to);
  return {
    ids: cut(ids),
    rows: cut(rows),
    positions: cut(positions),
    slots: cut(slots),
    firsts: cut(firsts),
    scored: new Int32Array(0),
  };
}

/** Slots that each row of a frame holds after it. */
function lengthsOf({ rows, slots }: Frame): Map<number, number> {
  const lengths = new Map<number, number>();
  for (const [i, row] of rows.entries()) lengths.set(row, Math.max(lengths.get(row) ?? 0, slots[i]! + 1));
  return lengths;
}
