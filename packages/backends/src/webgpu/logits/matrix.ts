import type { Tensor2D } from '@tensorflow/tfjs-core';
import { DisposedError, ShapeError } from '@tokenwright/core';
import type { DrawKey, EngineMatrix, KeepRule, LogitEdit, TensorFlow, TopOfRow } from '@tokenwright/core/engine';
import { checkInteger, checkNumber } from '@tokenwright/core/options';
import type { Device } from '../device/device.ts';
import type { DeviceTensors } from '../device/tensors.ts';
import { chooseKernel, maskKernel, topKernel, topWords } from '../shaders/choose.ts';
import { divideKernel, editsOfTokens, tokensKernel } from '../shaders/edit.ts';
import { type KeptBy, keepKernel } from '../shaders/keep.ts';
import { WebgpuChoice } from './choice.ts';

/** The device of the matrices. */
export interface MatrixSetting {
  readonly device: Device;
  /** TF.js on the same device; undefined when there is none. */
  readonly tensors: DeviceTensors | undefined;
}

/** A buffer that several matrices may share. */
interface Holding {
  readonly buffer: GPUBuffer;
  users: number;
  readonly release: () => void;
}

/** A matrix in its own buffer, row-major. */
export class WebgpuMatrix implements EngineMatrix {
  readonly rows: number;
  readonly columns: number;
  readonly map?: (work: (tensor: Tensor2D, tf: TensorFlow) => Tensor2D) => WebgpuMatrix;
  readonly #setting: MatrixSetting;
  readonly #device: Device;
  #holding: Holding | undefined;

  private constructor(setting: MatrixSetting, rows: number, columns: number, holding: Holding) {
    this.#setting = setting;
    this.#device = setting.device;
    this.rows = rows;
    this.columns = columns;
    this.#holding = holding;
    const { tensors } = setting;
    if (tensors === undefined) return;
    this.map = (work) => this.#mapped(tensors, work);
  }

  /** An empty matrix. @param what label of the buffer. */
  static make(setting: MatrixSetting, what: string, rows: number, columns: number): WebgpuMatrix {
    const { device } = setting;
    const buffer = device.storage(what, Math.max(1, rows * columns) * 4);
    return new WebgpuMatrix(setting, rows, columns, { buffer, users: 1, release: () => device.release(buffer) });
  }

  get buffer(): GPUBuffer {
    return this.#held.buffer;
  }

  get #held(): Holding {
    if (this.#holding === undefined) throw new DisposedError('A matrix of the engine');
    return this.#holding;
  }

  async read(rows?: readonly number[]): Promise<Float32Array> {
    const bytes = this.columns * 4;
    const parts =
      rows === undefined
        ? [{ from: 0, bytes: this.rows * bytes }]
        : rows.map((row) => ({ from: checkInteger('read', 'rows', row, 0, this.rows - 1) * bytes, bytes }));
    return new Float32Array(await this.#device.read(this.buffer, parts));
  }

  mask(masks: readonly Uint32Array[]): WebgpuMatrix {
    const { rows, columns } = this;
    if (masks.length !== rows) throw new ShapeError('Masks', [rows], [masks.length]);
    const shared = masks.every((mask) => mask === masks[0]);
    const width = Math.ceil(columns / 32);
    const words = new Uint32Array(width * Math.max(1, shared ? 1 : rows));
    for (const [row, mask] of (shared ? masks.slice(0, 1) : masks).entries())
      words.set(mask.subarray(0, width), row * width);
    return this.#edited('masked logits', words, (buffer, given, target) =>
      this.#device.runOnce(maskKernel(columns, shared), [buffer, given, target], [Math.ceil(columns / 64), rows]),
    );
  }

  keep(what: KeepRule): WebgpuMatrix {
    const { rows, columns } = this;
    const { by, amount, all } = keptBy(what, columns);
    if (all) return this.#shared();
    return this.#edited('kept logits', Float32Array.of(amount), (buffer, given, target) =>
      this.#device.runOnce(keepKernel(columns, by), [buffer, given, target], [rows]),
    );
  }

  edit(edit: LogitEdit): WebgpuMatrix {
    const { rows, columns } = this;
    if ('divide' in edit) {
      const by = checkNumber('edit', 'divide', edit.divide, 'a number above 0', (value) => value > 0);
      if (by === 1) return this.#shared();
      return this.#edited('divided logits', Float32Array.of(by), (buffer, given, target) =>
        this.#device.runOnce(divideKernel(columns), [buffer, given, target], [Math.ceil(columns / 64), rows]),
      );
    }
    if (edit.tokens.length !== rows) throw new ShapeError('Edits of tokens', [rows], [edit.tokens.length]);
    const words = editsOfTokens(edit.tokens, columns);
    const count = words[0]!;
    if (count === 0) return this.#shared();
    return this.#edited('edited logits', words, (buffer, given, target) => {
      this.#device.copy(buffer, target, rows * columns * 4);
      this.#device.runOnce(tokensKernel, [given, target], [Math.ceil(count / 64)]);
    });
  }

  async choose(keys: readonly DrawKey[] | undefined): Promise<Int32Array> {
    const choice = this.chooseAhead(keys);
    try {
      return await choice.read();
    } finally {
      choice.dispose();
    }
  }

  chooseAhead(keys: readonly DrawKey[] | undefined): WebgpuChoice {
    const { rows, columns } = this;
    const source = this.buffer;
    if (keys !== undefined && keys.length !== rows) throw new ShapeError('Keys', [rows], [keys.length]);
    const given = keys && this.#upload('keys of draws', Uint32Array.from(keys.flat()));
    const result = this.#device.storage('chosen tokens', Math.max(1, rows) * 4);
    try {
      if (rows > 0)
        this.#device.runOnce(
          chooseKernel(columns, given !== undefined),
          given === undefined ? [source, result] : [source, given, result],
          [rows],
        );
      return new WebgpuChoice(this.#device, result, rows);
    } catch (error) {
      this.#device.release(result);
      throw error;
    } finally {
      if (given !== undefined) this.#device.release(given);
    }
  }

  async top(count: number, ids: readonly number[]): Promise<readonly TopOfRow[]> {
    const { rows, columns } = this;
    checkInteger('top', 'count', count, 0);
    for (const id of ids) checkInteger('top', 'ids', id, 0, columns - 1);
    const wanted = Math.min(count, columns);
    const words = topWords(wanted, ids.length);
    const source = this.buffer;
    const names = this.#upload('named tokens', Uint32Array.from(ids.length === 0 ? [0] : ids));
    const result = this.#device.storage('largest logits', Math.max(1, rows) * words * 4);
    try {
      if (rows > 0) this.#device.runOnce(topKernel(columns, wanted, ids.length), [source, names, result], [rows]);
      const bytes = await this.#device.read(result, [{ from: 0, bytes: rows * words * 4 }]);
      return Array.from({ length: rows }, (_, row) => topOf(bytes, row * words, wanted, ids.length));
    } finally {
      this.#device.release(result);
      this.#device.release(names);
    }
  }

  dispose(): void {
    const holding = this.#holding;
    this.#holding = undefined;
    if (holding !== undefined && --holding.users === 0) holding.release();
  }

  /** Another matrix that shares the buffer. */
  #shared(rows = this.rows, columns = this.columns): WebgpuMatrix {
    const holding = this.#held;
    holding.users++;
    return new WebgpuMatrix(this.#setting, rows, columns, holding);
  }

  /** A matrix of the same shape that `work` computes from this buffer and the uploaded numbers. */
  #edited(
    what: string,
    given: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>,
    work: (buffer: GPUBuffer, given: GPUBuffer, target: GPUBuffer) => void,
  ): WebgpuMatrix {
    const { rows, columns, buffer } = this;
    const uploaded = this.#upload('what an edit is given', given);
    try {
      const result = WebgpuMatrix.make(this.#setting, what, rows, columns);
      try {
        if (rows > 0) work(buffer, uploaded, result.buffer);
        return result;
      } catch (error) {
        result.dispose();
        throw error;
      }
    } finally {
      this.#device.release(uploaded);
    }
  }

  #mapped(tensors: DeviceTensors, work: (tensor: Tensor2D, tf: TensorFlow) => Tensor2D): WebgpuMatrix {
    const holding = this.#held;
    const { tensor, buffer } = tensors.map(holding.buffer, [this.rows, this.columns], work);
    const release = (): void => tensors.release(tensor);
    // Edits without effect return the same buffer.
    const [rows, columns] = tensor.shape;
    if (buffer === holding.buffer) {
      release();
      return this.#shared(rows, columns);
    }
    return new WebgpuMatrix(this.#setting, rows, columns, { buffer, users: 1, release });
  }

  #upload(what: string, numbers: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>): GPUBuffer {
    const buffer = this.#device.storage(what, Math.max(4, numbers.byteLength));
    this.#device.gpu.queue.writeBuffer(buffer, 0, numbers);
    return buffer;
  }
}

/** A rule as parameters of the kernel; `all` when every token is kept. */
function keptBy(
  what: KeepRule,
  columns: number,
): { readonly by: KeptBy; readonly amount: number; readonly all: boolean } {
  if ('top' in what) {
    const top = checkInteger('keep', 'top', what.top, 1);
    return { by: 'top', amount: top, all: top >= columns };
  }
  const by = 'mass' in what ? 'mass' : 'share';
  const value = 'mass' in what ? what.mass : what.share;
  checkNumber('keep', by, value, 'a number from 0 to 1', (number) => number >= 0 && number <= 1);
  return by === 'mass' ? { by, amount: value, all: value === 1 } : { by, amount: Math.log(value), all: value === 0 };
}

/** The kernel returns the largest logits unordered; they are sorted here. */
function topOf(bytes: ArrayBuffer, at: number, count: number, named: number): TopOfRow {
  const words = new Uint32Array(bytes, at * 4, 2 * count + named + 1);
  const floats = new Float32Array(bytes, at * 4, 2 * count + named + 1);
  const order = Array.from({ length: count }, (_, i) => i).sort(
    (a, b) => floats[2 * b + 1]! - floats[2 * a + 1]! || words[2 * a]! - words[2 * b]!,
  );
  return {
    ids: Int32Array.from(order, (i) => words[2 * i]!),
    values: Float32Array.from(order, (i) => floats[2 * i + 1]!),
    named: floats.slice(2 * count, 2 * count + named),
    logSumExp: floats[2 * count + named]!,
  };
}
