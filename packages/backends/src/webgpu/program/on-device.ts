import type { PrepareOptions, WeightRequest, WeightSource } from '@tokenwright/core/engine';
import type { Part, Parts } from '../../graph/parts.ts';
import type { Operation } from '../../graph/recorder.ts';
import type { WeightFormat } from '../../graph/weight-format.ts';
import { RowCopy } from '../cache/row-copy.ts';
import type { Device } from '../device/device.ts';
import { partialSize } from '../shaders/attend.ts';
import { Weights } from '../weights/weights.ts';
import { FrameBuffer, mostShares, splitTokens } from './frame.ts';
import { Tape } from './tape.ts';

export interface ModelSetting {
  readonly device: Device;
  readonly parts: Parts;
  readonly requests: readonly WeightRequest[];
  readonly format: WeightFormat;
  readonly maxTokens: number;
  /** Maximum number of slots of a cache row, or tokens of a source. */
  readonly maxSlots: number;
}

/** The buffers and tapes of a model. */
interface Content {
  readonly weights: Weights;
  readonly frame: FrameBuffer;
  readonly arena: GPUBuffer;
  readonly headArena: GPUBuffer;
  readonly places: GPUBuffer;
  readonly forward: Tape;
  readonly head: Tape;
  readonly encode: Tape | undefined;
  readonly encodeKeyValues: Tape | undefined;
}

/** Everything of a model on the device: weights, activations, and its parts as tapes. */
export class ModelOnDevice {
  readonly device: Device;
  readonly parts: Parts;
  readonly weightBytes: number;
  readonly frame: FrameBuffer;
  readonly arena: GPUBuffer;
  readonly headArena: GPUBuffer;
  readonly forward: Tape;
  readonly head: Tape;
  readonly encode: Tape | undefined;
  readonly encodeKeyValues: Tape | undefined;
  /**
   * Copies to other buffers: the hidden states of all tokens, the encoded source, and the scored tokens' last hidden
   * states.
   */
  readonly copyHidden: RowCopy;
  readonly copyEncoded: RowCopy | undefined;
  readonly copyScored: RowCopy;
  readonly #held: Held;

  private constructor({ device, parts, maxTokens }: ModelSetting, content: Content, held: Held) {
    const { weights, frame, arena, headArena, places, forward, head, encode, encodeKeyValues } = content;
    this.device = device;
    this.parts = parts;
    this.weightBytes = weights.bytes;
    this.frame = frame;
    this.arena = arena;
    this.headArena = headArena;
    this.forward = forward;
    this.head = head;
    this.encode = encode;
    this.encodeKeyValues = encodeKeyValues;
    this.#held = held;
    const copy = (index: number, columns: number, which: 'all' | 'scored', words: readonly number[]): RowCopy => {
      const offset = index * 256;
      const numbers = Uint32Array.from({ length: 16 }, (_, i) => words[i] ?? 0);
      device.gpu.queue.writeBuffer(places, offset, numbers);
      const slice = { buffer: places, offset, size: 64 };
      return new RowCopy(device, { columns, which, maxTokens, places: slice, frame: frame.buffer, arena });
    };
    const { result: hidden } = parts.forward;
    this.copyHidden = copy(0, hidden.columns, 'all', [...forward.place(hidden), 0, hidden.columns]);
    const { input } = parts.head;
    this.copyScored = copy(1, input.columns, 'scored', [...forward.place(hidden), ...head.place(input)]);
    const encoded = parts.encode?.result;
    this.copyEncoded = encoded && copy(2, encoded.columns, 'all', [...encode!.place(encoded), 0, encoded.columns]);
  }

  /**
   * Check the size of every buffer, create them, and load the weights. After a failure nothing is left allocated.
   * @throws MemoryLimitError before anything is read; LoadError, ShapeError for a checkpoint that does not match.
   */
  static async load(setting: ModelSetting, source: WeightSource, options: PrepareOptions): Promise<ModelOnDevice> {
    const { device, parts, requests, format, maxTokens, maxSlots } = setting;
    const all = [parts.forward, parts.head, parts.encode, parts.encodeKeyValues].filter((part) => part !== undefined);
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
    const held = new Held(device);
    try {
      return await device.guarded(`The weights of ${source.name}`, async () => {
        await held.keep(weights).allocate();
        const allocation = await device.allocate(`The activations of ${source.name}`, activations);
        const [arena, headArena, partials] = allocation.map((buffer) => held.keepBuffer(buffer)) as GPUBuffer[];
        const places = held.keepBuffer(device.uniform('places of copies', 1024));
        const frame = held.keep(new FrameBuffer(device, maxTokens, maxSlots));
        const shared = { frame: frame.buffer, partials: partials!, maxTokens };
        const tape = ({ program }: Part): Tape =>
          held.keep(new Tape(device, program, weights, { ...shared, arena: arena!, counted: 'tokens' }));
        const content: Content = {
          weights,
          frame,
          arena: arena!,
          headArena: headArena!,
          places,
          forward: tape(parts.forward),
          head: held.keep(
            new Tape(device, parts.head.program, weights, { ...shared, arena: headArena!, counted: 'scored' }),
          ),
          encode: parts.encode && tape(parts.encode),
          encodeKeyValues: parts.encodeKeyValues && tape(parts.encodeKeyValues),
        };
        await weights.load(source, options);
        return new ModelOnDevice(setting, content, held);
      });
    } catch (error) {
      held.dispose();
      throw error;
    }
  }

  dispose(): void {
    this.#held.dispose();
  }
}

/** Everything to release. */
class Held {
  readonly #device: Device;
  readonly #things: { dispose(): void }[] = [];
  readonly #buffers: GPUBuffer[] = [];

  constructor(device: Device) {
    this.#device = device;
  }

  keep<T extends { dispose(): void }>(thing: T): T {
    this.#things.push(thing);
    return thing;
  }

  keepBuffer(buffer: GPUBuffer): GPUBuffer {
    this.#buffers.push(buffer);
    return buffer;
  }

  dispose(): void {
    for (const thing of this.#things) thing.dispose();
    for (const buffer of this.#buffers) this.#device.discard(buffer);
  }
}

function partialBytes(operations: readonly Operation[]): number {
  let most = 1;
  for (const operation of operations)
    if (operation.kind === 'attend' || operation.kind === 'crossAttend') {
      const { heads } = operation.options;
      most = Math.max(most, splitTokens * heads * mostShares * partialSize(operation.q.columns / heads));
    }
  return most * 4;
}
