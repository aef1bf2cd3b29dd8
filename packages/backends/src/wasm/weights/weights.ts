import { UnsupportedError } from '@tokenwright/core';
import type {
  MatrixRequest,
  PrepareOptions,
  RelativeBias,
  Weight,
  WeightRequest,
  WeightSource,
} from '@tokenwright/core/engine';
import type { Operation } from '../../graph/recorder.ts';
import { bucketOf } from '../../graph/relative-bias.ts';
import { largestWeight, refuseWeight, type WeightFormat, watchRounding } from '../../graph/weight-format.ts';
import { rowsPerGroup } from '../module/layout.ts';
import type { Machine } from '../module/machine.ts';
import { formatCode, groupBytes, paddedInputs } from './formats.ts';

/** A matrix in the layout of the kernels. Addresses in bytes. */
export interface PackedMatrix {
  readonly format: WeightFormat;
  /** Rows of a group are stored together. A group of a gateUp matrix has four gate rows and their four up rows. */
  readonly groups: number;
  readonly groupBytes: number;
  readonly inputs: number;
  readonly address: number;
  /** float32 and int32, one number per row; 0 when the format has none. */
  readonly scales: number;
  readonly sums: number;
}

/** How the model uses a weight, which decides how it is stored. */
type Role = 'packed' | 'rows' | 'vector';

/** A weight before it is read: the place of its numbers. */
interface Plan {
  readonly request: WeightRequest;
  readonly role: Role;
  readonly format: WeightFormat;
  readonly rows: number;
  readonly inputs: number;
  readonly groups: number;
  readonly bytes: number;
}

/** A computed table indexed by position. Its rows are computed on first use. */
interface LazyTable {
  readonly weight: Weight;
  readonly request: Extract<WeightRequest, { kind: 'table' }>;
  /** Largest offset added to a position. */
  readonly offset: number;
  /** Number of rows computed so far. */
  filled: number;
}

/** Bytes of float32 rows that are passed to the packing kernel at a time. */
const stagingBytes = 1 << 20;
/** Rows of a computed table that are computed at a time. */
const tableRows = 1024;
/** Bytes of float32 rows of a large matrix that are read at a time. */
const slabBytes = 4 << 20;

/** The weights of a model in the module's memory, by the handles that the model uses. */
export class Weights {
  readonly #machine: Machine;
  readonly #format: WeightFormat;
  readonly #plans: ReadonlyMap<Weight, Plan>;
  readonly #addresses: Map<Weight, number> = new Map();
  readonly #biases: Map<Weight, number> = new Map();
  readonly #tables: readonly LazyTable[];
  /** Bytes of the weights. */
  readonly bytes: number;

  constructor(
    machine: Machine,
    requests: readonly WeightRequest[],
    operations: readonly Operation[],
    format: WeightFormat,
  ) {
    this.#machine = machine;
    this.#format = format;
    const roles = rolesOf(operations);
    const plans = new Map<Weight, Plan>();
    for (const request of requests) {
      const role = request.kind === 'vector' ? 'vector' : (roles.get(request.weight) ?? 'packed');
      plans.set(request.weight, planOf(request, role, format));
    }
    this.#plans = plans;
    const offset = largestOffset(operations);
    this.#tables = [...plans].flatMap(([weight, { request, role }]) =>
      request.kind === 'table' && role === 'rows' ? [{ weight, request, offset, filled: 0 }] : [],
    );
    this.bytes = [...plans.values()].reduce((sum, plan) => sum + plan.bytes, 0);
  }

  /** Read and pack the requested weights, one tensor at a time. A failure releases everything. */
  async load(given: WeightSource, { onProgress, onNotice, signal }: PrepareOptions): Promise<void> {
    const packed = [...this.#plans.values()].filter(({ role }) => role === 'packed').map(({ request }) => request);
    const rounding = watchRounding(given, packed, this.#format);
    const { source } = rounding;
    const namesOf = ({ request }: Plan): readonly string[] => (request.kind === 'table' ? [] : request.names);
    const total = [...this.#plans.values()].flatMap(namesOf).reduce((sum, name) => sum + source.bytes(name), 0);
    let loaded = 0;
    try {
      for (const [weight, plan] of this.#plans) {
        signal?.throwIfAborted();
        const address = this.#machine.heap.allocate(`The weights of ${source.name}`, plan.bytes);
        this.#addresses.set(weight, address);
        if (readsByRows(plan, source)) await this.#packByRows(plan, source, address);
        else if (plan.request.kind !== 'table' || plan.role !== 'rows') {
          const parts = plan.request.kind === 'table' ? [plan.request.values()] : [];
          for (const name of namesOf(plan)) parts.push(await source.read(name));
          this.#fill(plan, parts, address, source.name);
        }
        for (const name of namesOf(plan)) loaded += source.bytes(name);
        onProgress?.(loaded, total);
      }
      const notice = rounding.notice();
      if (notice !== undefined) onNotice?.(notice);
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  /**
   * Compute the missing rows of tables for some positions. Most positions of a long context are never used, and the
   * machine provides no memory for pages that were never written.
   */
  fillTables(positions: number): void {
    for (const table of this.#tables) {
      const { weight, request } = table;
      if (table.filled >= Math.min(positions + table.offset, request.rows)) continue;
      const end = Math.min(request.rows, Math.ceil((positions + table.offset) / tableRows) * tableRows);
      const values = request.values(table.filled, end - table.filled);
      this.#machine.heap.views.float32.set(values, this.address(weight) / 4 + table.filled * request.width);
      table.filled = end;
    }
  }

  /** Address of a vector, float32 padded with zeros to a multiple of four, or of a table of unpacked float32 rows. */
  address(weight: Weight): number {
    const address = this.#addresses.get(weight);
    if (address === undefined) throw new UnsupportedError('a weight that it did not load', 'The wasm engine');
    return address;
  }

  matrix(weight: Weight): PackedMatrix {
    const address = this.address(weight);
    const { format, groups, inputs } = this.#plans.get(weight)!;
    const bytes = groupBytes(format, inputs);
    const scales = format === '8-bit' ? address + groups * bytes : 0;
    return {
      format,
      groups,
      groupBytes: bytes,
      inputs,
      address,
      scales,
      sums: scales === 0 ? 0 : scales + groups * rowsPerGroup * 4,
    };
  }

  /** Groups of rows and padded inputs of a matrix; known before it is loaded. */
  size(weight: Weight): { format: WeightFormat; groups: number; inputs: number; bytes: number } {
    return this.#plans.get(weight)!;
  }

  /** Bytes of the relative biases of some operations, each counted once. */
  static biasBytes(operations: readonly Operation[], reach: number): number {
    const heads = new Map<Weight, number>();
    for (const operation of operations)
      if (operation.kind === 'attend' && operation.options.bias !== undefined)
        heads.set(operation.options.bias.table, operation.options.heads);
    return [...heads.values()].reduce((sum, count) => sum + count * (2 * reach + 1) * 4, 0);
  }

  /**
   * A relative bias by key minus query, float32 [heads, 2 * reach + 1], computed from its learned buckets. Layers that
   * share a table share the result.
   */
  relativeBias(bias: RelativeBias<Weight>, heads: number, reach: number): number {
    const held = this.#biases.get(bias.table);
    if (held !== undefined) return held;
    const { heap } = this.#machine;
    const span = 2 * reach + 1;
    const address = heap.allocateZeros('A relative bias', heads * span * 4);
    this.#biases.set(bias.table, address);
    const { float32 } = heap.views;
    const table = this.address(bias.table) / 4;
    for (let offset = -reach; offset <= reach; offset++) {
      const bucket = bucketOf(offset, bias);
      for (let head = 0; head < heads; head++)
        float32[address / 4 + head * span + offset + reach] = float32[table + bucket * heads + head]!;
    }
    return address;
  }

  dispose(): void {
    for (const address of this.#biases.values()) this.#machine.heap.release(address);
    this.#biases.clear();
    for (const address of this.#addresses.values()) this.#machine.heap.release(address);
    this.#addresses.clear();
  }

  #fill(plan: Plan, parts: readonly Float32Array[], address: number, source: string): void {
    const { request, role } = plan;
    if (role === 'packed') this.#pack(plan, parts, address, source);
    else if (request.kind === 'matrix') {
      const { float32 } = this.#machine.heap.views;
      const rows = rowReader(request, parts);
      const { inputs } = request.shape;
      for (let row = 0; row < plan.rows; row++) rows(row, float32, address / 4 + row * inputs);
    } else {
      const { float32 } = this.#machine.heap.views;
      float32.fill(0, address / 4, (address + plan.bytes) / 4);
      let at = address / 4;
      for (const part of parts) {
        float32.set(part, at);
        at += part.length;
      }
      const order = request.kind === 'vector' ? request.order : undefined;
      if (order !== undefined) {
        const stored = float32.slice(address / 4, at);
        for (const [i, from] of order.entries()) float32[address / 4 + i] = stored[from]!;
      }
      const plus = request.kind === 'vector' ? request.plus : 0;
      if (plus !== 0) for (let i = address / 4; i < at; i++) float32[i]! += plus;
    }
  }

  /** Read a large matrix some rows at a time, so that it is never in memory as a whole. */
  async #packByRows(plan: Plan, source: WeightSource, address: number): Promise<void> {
    const { rows, groups } = plan;
    const [name] = (plan.request as MatrixRequest).names;
    const slab = Math.max(1, Math.floor(slabBytes / (rowsPerGroup * plan.inputs * 4)));
    for (let first = 0; first < groups; first += slab) {
      const row = first * rowsPerGroup;
      const count = Math.min(slab, groups - first);
      const part = await source.readRows!(name!, row, Math.min(count * rowsPerGroup, rows - row));
      this.#pack(plan, [part], address, source.name, first, count);
    }
  }

  /** Pack the groups from `firstGroup` on from the rows in the parts. */
  #pack(
    plan: Plan,
    parts: readonly Float32Array[],
    address: number,
    source: string,
    firstGroup = 0,
    groupCount = plan.groups,
  ): void {
    const { heap, kernels } = this.#machine;
    const { request, format, inputs, groups } = plan;
    const rowOf = rowOrder(plan);
    const columns = request.kind === 'matrix' ? request.shape.inputs : (request as { width: number }).width;
    const read =
      request.kind === 'matrix'
        ? rowReader(request, parts)
        : (row: number, target: Float32Array, at: number) =>
            target.set(parts[0]!.subarray(row * columns, (row + 1) * columns), at);
    const slab = Math.max(1, Math.floor(stagingBytes / (rowsPerGroup * inputs * 4)));
    const staging = heap.allocate('Packing of weights', slab * rowsPerGroup * inputs * 4);
    try {
      const bytes = groupBytes(format, inputs);
      const scales = address + groups * bytes;
      for (let first = firstGroup; first < firstGroup + groupCount; first += slab) {
        const count = Math.min(slab, firstGroup + groupCount - first);
        const { float32 } = heap.views;
        for (let i = 0; i < count * rowsPerGroup; i++) {
          const at = staging / 4 + i * inputs;
          const row = rowOf(first * rowsPerGroup + i);
          if (row === undefined) float32.fill(0, at, at + inputs);
          else {
            read(row - firstGroup * rowsPerGroup, float32, at);
            float32.fill(0, at + columns, at + inputs);
          }
        }
        const broken =
          format === 'f32' ? -1 : kernels.firstBeyond(staging, count * rowsPerGroup * inputs, largestWeight(format));
        if (broken >= 0) {
          const row = rowOf(first * rowsPerGroup + Math.floor(broken / inputs))!;
          const names = request.kind === 'matrix' ? request.names : [];
          refuseWeight(source, names, [row, broken % inputs], float32[staging / 4 + broken]!, format);
        }
        kernels.pack(
          formatCode(format, this.#machine.planes),
          staging,
          inputs,
          count,
          address + first * bytes,
          scales + first * rowsPerGroup * 4,
          scales + (groups + first) * rowsPerGroup * 4,
        );
      }
    } finally {
      heap.release(staging);
    }
  }
}

/** Whether a matrix is read some rows at a time: it is large, in one tensor, and stored by outputs in order. */
function readsByRows({ request, role, rows, inputs }: Plan, source: WeightSource): boolean {
  if (request.kind !== 'matrix' || role !== 'packed' || source.readRows === undefined) return false;
  const { names, shape } = request;
  const inOrder = shape.layout !== 'input-output' && shape.order === undefined && shape.use !== 'gateUp';
  return names.length === 1 && inOrder && rows * inputs * 4 > 2 * slabBytes;
}

function largestOffset(operations: readonly Operation[]): number {
  return operations.reduce((most, operation) => {
    if (operation.kind === 'embed') return Math.max(most, operation.options.positionOffset ?? 0);
    return operation.kind === 'positions' ? Math.max(most, operation.offset) : most;
  }, 0);
}

/** Tables of positions and angles are unpacked rows; every other matrix is packed. */
function rolesOf(operations: readonly Operation[]): Map<Weight, Role> {
  const roles = new Map<Weight, Role>();
  const note = (weight: Weight | undefined, role: Role): void => {
    if (weight === undefined) return;
    if ((roles.get(weight) ?? role) !== role)
      throw new UnsupportedError('one weight as a table of positions and as a matrix', 'The wasm engine');
    roles.set(weight, role);
  };
  for (const operation of operations) {
    if (operation.kind === 'linear' || operation.kind === 'gated') note(operation.weight, 'packed');
    if (operation.kind === 'embed') {
      note(operation.table, 'packed');
      note(operation.options.positions, 'rows');
    }
    if (operation.kind === 'positions') note(operation.table, 'rows');
    if (operation.kind === 'rotary') note(operation.options.table, 'rows');
    if (operation.kind === 'attend') note(operation.options.bias?.table, 'rows');
  }
  return roles;
}

function planOf(request: WeightRequest, role: Role, chosen: WeightFormat): Plan {
  const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
  if (request.kind === 'vector') {
    const length = sum(request.lengths);
    const bytes = Math.ceil(length / 4) * 16;
    return { request, role, format: 'f32', rows: 1, inputs: length, groups: 0, bytes };
  }
  const rows = request.kind === 'matrix' ? sum(request.shape.outputs) : request.rows;
  const columns = request.kind === 'matrix' ? request.shape.inputs : request.width;
  if (role === 'rows')
    return { request, role, format: 'f32', rows, inputs: columns, groups: 0, bytes: rows * columns * 4 };
  const format = request.kind === 'matrix' ? chosen : 'f32';
  const inputs = paddedInputs(columns);
  const groups = Math.ceil(rows / rowsPerGroup);
  const scales = format === '8-bit' ? groups * rowsPerGroup * 8 : 0;
  return { request, role, format, rows, inputs, groups, bytes: groups * groupBytes(format, inputs) + scales };
}

/** The output that a packed row holds; undefined for padding. */
function rowOrder({ request, rows }: Plan): (packed: number) => number | undefined {
  if (request.kind !== 'matrix' || request.shape.use !== 'gateUp')
    return (packed) => (packed < rows ? packed : undefined);
  const half = rows / 2;
  return (packed) => {
    const inGroup = rowsPerGroup / 2;
    const row = Math.floor(packed / rowsPerGroup) * inGroup + (packed % inGroup);
    return row < half ? row + (packed % rowsPerGroup < inGroup ? 0 : half) : undefined;
  };
}

/** Copies the weights of one output, [inputs], from the tensors that hold them. */
function rowReader(
  { shape }: MatrixRequest,
  parts: readonly Float32Array[],
): (row: number, target: Float32Array, at: number) => void {
  const { inputs, order } = shape;
  const byOutput = shape.layout !== 'input-output';
  const widths = parts.map((part) => part.length / inputs);
  return (output, target, at) => {
    let row = order?.[output] ?? output;
    let part = 0;
    while (row >= widths[part]!) row -= widths[part++]!;
    const values = parts[part]!;
    if (byOutput) target.set(values.subarray(row * inputs, (row + 1) * inputs), at);
    else {
      const stride = widths[part]!;
      for (let i = 0, from = row; i < inputs; i++, from += stride) target[at + i] = values[from]!;
    }
  };
}
