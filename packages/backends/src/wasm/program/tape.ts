import type { Activation, Weight } from '@tokenwright/core/engine';
import { type Program, rowBytes, type Step } from '../../graph/compiler.ts';
import type { Operation, Value } from '../../graph/recorder.ts';
import * as layout from '../module/layout.ts';
import type { Machine } from '../module/machine.ts';
import { formatCode, paddedInputs } from '../weights/formats.ts';
import type { Weights } from '../weights/weights.ts';

/** Maximum number of activation rows in a tile of tokens, so that they stay in a core's L2 cache. */
const tileBytes = 512 << 10;

const activationCodes: Readonly<Record<Activation, number>> = {
  gelu: layout.activationGelu,
  'gelu-tanh': layout.activationGeluTanh,
  silu: layout.activationSilu,
  relu: layout.activationRelu,
};

/** Bytes of the encoded inputs of some tokens side by side; see the encoding kernel. */
function encodedBytes(inputs: number, tokens: number, halves: boolean): number {
  const padded = paddedInputs(inputs);
  const words = (halves ? padded / 2 : padded) + padded / layout.inputsPerBlock;
  return layout.encodedHeader + Math.ceil((words * tokens) / 16) * 64;
}

/** Bytes of a panel of encoded inputs, in any format. */
export function panelBytes(inputs: number): number {
  return encodedBytes(inputs, layout.tokensPerPanel, false);
}

/** Bytes of scratch memory that one thread needs for a program. */
export function scratchBytes(program: Program): number {
  let most = 0;
  for (const step of program.steps) most = Math.max(most, scratchOf(step));
  return Math.ceil(most / 128) * 128;
}

/** Where a thread's scratch holds the encoded row of a one-token frame: after the row as float32. */
function encodedOffset(inputs: number): number {
  return layout.scratchRow + Math.ceil((paddedInputs(inputs) * 4) / 128) * 128;
}

function scratchOf(step: Step): number {
  switch (step.kind) {
    case 'linear':
    case 'gated':
      return encodedOffset(step.operation.x.columns) + encodedBytes(step.operation.x.columns, 1, false);
    case 'embed':
      return paddedInputs(step.operation.result.columns) * 4;
    case 'attend':
    case 'crossAttend':
      return attentionScratch(
        (step.kind === 'attend' ? step.q : step.operation.q).columns / step.operation.options.heads,
      );
    case 'storeEncoderKeyValues':
      return attentionScratch(step.operation.k.columns / step.operation.kvHeads);
    default:
      return 0;
  }
}

/** Scores, and two float32 tiles. */
function attentionScratch(headDim: number): number {
  return layout.slotsPerBlock * 4 + 2 * layout.slotsPerBlock * Math.ceil(headDim / 4) * 16;
}

/** Bytes of the attention state of all heads of four tokens; see the kernel. */
export function attentionPanelBytes(heads: number, headDim: number): number {
  return layout.tokensPerPanel * heads * (2 * Math.ceil(headDim / 4) * 16 + 16);
}

/** Bytes that an operation stores for four tokens. */
export function panelBytesOf(operation: Operation): number {
  if (operation.kind === 'linear' || operation.kind === 'gated') return panelBytes(operation.x.columns);
  if (operation.kind !== 'attend' && operation.kind !== 'crossAttend') return 0;
  const { heads } = operation.options;
  return attentionPanelBytes(heads, operation.q.columns / heads);
}

export interface TapeSetting {
  /** Address of the activations. */
  readonly arena: number;
  /** Whether the program processes the scored tokens instead of all. */
  readonly scored: boolean;
  /** Largest distance between two positions. */
  readonly reach: number;
  /** Measure the time of each step. */
  readonly profiled: boolean;
}

/** A program in the module's memory, ready to run. */
export class Tape {
  readonly address: number;
  /** Bytes of weights that one run reads. */
  readonly weightBytes: number;
  readonly #machine: Machine;
  readonly #program: Program;
  readonly #arena: number;
  /** Fields that hold the address of the result, when that lies outside the arena. */
  readonly #outputs: readonly number[];
  /** Address of a float64 per step, or 0. */
  readonly profileAddress: number;

  constructor(machine: Machine, program: Program, weights: Weights, { arena, scored, reach, profiled }: TapeSetting) {
    this.#machine = machine;
    this.#program = program;
    this.#arena = arena;
    // Derived weights are created first, because that may fail or grow the memory.
    for (const step of program.steps) {
      const options = step.kind === 'attend' ? step.operation.options : undefined;
      if (options?.bias !== undefined) weights.relativeBias(options.bias, options.heads, reach);
    }
    const bytes = (program.steps.length + 1) * layout.entryBytes;
    const profileBytes = profiled ? program.steps.length * 8 : 0;
    this.address = machine.heap.allocateZeros('The tape', bytes + profileBytes);
    this.profileAddress = profiled ? this.address + bytes : 0;
    const outputs: number[] = [];
    let weightBytes = 0;
    const { int32, float32 } = machine.heap.views;
    for (const [index, step] of program.steps.entries()) {
      const entry = this.address + index * layout.entryBytes;
      const fields: Fields = {
        integer: (field, value) => {
          int32[(entry + field) / 4] = value;
        },
        float: (field, value) => {
          float32[(entry + field) / 4] = value;
        },
        operand: (field, strideField, value) => {
          if (program.external.has(value.root)) outputs.push((entry + field) / 4);
          else int32[(entry + field) / 4] = this.addressOf(value);
          int32[(entry + strideField) / 4] = rowBytes(value.root.columns);
        },
      };
      fields.integer(layout.entryScored, scored ? 1 : 0);
      write(step, fields, weights, reach, machine.planes);
      if (step.kind === 'linear' || step.kind === 'gated') weightBytes += weights.size(step.operation.weight).bytes;
    }
    this.#outputs = outputs;
    this.weightBytes = weightBytes;
  }

  /** Address of a value's first number. Values outside the arena have none. */
  addressOf(value: Value): number {
    return this.#arena + this.#program.offsets.get(value.root)! + value.first * 4;
  }

  /** Set the address of the next run's result. */
  writeResultTo(address: number): void {
    const { int32 } = this.#machine.heap.views;
    for (const index of this.#outputs) int32[index] = address;
  }

  /** Milliseconds of each step of the last run. */
  times(): Float64Array {
    const first = this.profileAddress / 8;
    return this.#machine.heap.views.float64.slice(first, first + this.#program.steps.length);
  }

  get steps(): readonly Step[] {
    return this.#program.steps;
  }

  dispose(): void {
    this.#machine.heap.release(this.address);
  }
}

/** Sets fields of one entry by offset. */
interface Fields {
  integer(field: number, value: number): void;
  float(field: number, value: number): void;
  /** An address and the bytes from one token's row to the next. */
  operand(field: number, strideField: number, value: Value): void;
}

function write(step: Step, fields: Fields, weights: Weights, reach: number, planes: boolean): void {
  const { integer, float, operand } = fields;
  const input = (value: Value): void => {
    operand(layout.entryInput, layout.entryInputStride, value);
    integer(layout.entryColumns, value.columns);
  };
  const output = (value: Value): void => operand(layout.entryOutput, layout.entryOutputStride, value);
  const address = (field: number, weight: Weight | undefined): void =>
    integer(field, weight === undefined ? 0 : weights.address(weight));

  switch (step.kind) {
    case 'embed': {
      const { operation } = step;
      integer(layout.entryOperation, layout.operationEmbed);
      output(operation.result);
      integer(layout.entryColumns, operation.result.columns);
      if (operation.kind === 'positions') {
        address(layout.embedPositions, operation.table);
        integer(layout.embedOffset, operation.offset);
        break;
      }
      const { table, options } = operation;
      const matrix = weights.matrix(table);
      integer(layout.linearWeights, matrix.address);
      integer(layout.linearFormat, formatCode(matrix.format, planes));
      integer(layout.linearScales, matrix.scales);
      address(layout.embedPositions, options.positions);
      integer(layout.embedOffset, options.positionOffset ?? 0);
      float(layout.embedScale, options.scale ?? 1);
      break;
    }
    case 'norm':
      integer(layout.entryOperation, layout.operationNorm);
      input(step.operation.x);
      output(step.operation.result);
      writeNorm(step.operation, fields, weights);
      break;
    case 'linear':
    case 'gated': {
      const { x, weight, result } = step.operation;
      const matrix = weights.matrix(weight);
      integer(layout.entryOperation, step.kind === 'linear' ? layout.operationLinear : layout.operationGated);
      input(step.norm?.x ?? x);
      output(result);
      if (step.norm !== undefined) writeNorm(step.norm, fields, weights);
      integer(layout.linearWeights, matrix.address);
      integer(layout.linearFormat, formatCode(matrix.format, planes));
      integer(layout.linearGroups, matrix.groups);
      integer(layout.linearGroupBytes, matrix.groupBytes);
      integer(layout.linearScales, matrix.scales);
      integer(layout.linearSums, matrix.sums);
      const halves = matrix.format !== 'f32' && matrix.format !== 'f16';
      const bytes = encodedBytes(x.columns, layout.tokensPerPanel, halves);
      const tile = Math.max(2, Math.floor(tileBytes / bytes)) * layout.tokensPerPanel;
      integer(layout.linearEncodedOffset, encodedOffset(x.columns));
      integer(layout.linearPanelBytes, bytes);
      integer(layout.linearTile, Math.min(layout.mostTokensOfTile, tile));
      if (step.kind === 'gated') {
        integer(layout.linearActivation, activationCodes[step.operation.activation]);
        break;
      }
      const { bias, activation, residual } = step.operation.options;
      address(layout.linearBias, bias);
      if (activation !== undefined) integer(layout.linearActivation, activationCodes[activation]);
      if (residual !== undefined) operand(layout.linearResidual, layout.linearResidualStride, residual);
      break;
    }
    case 'rotary': {
      const { x, result, options } = step.operation;
      integer(layout.entryOperation, layout.operationRotary);
      input(x);
      output(result);
      integer(layout.rotaryHeadSize, options.headDim);
      writeRotary(options, fields, weights);
      break;
    }
    case 'attend': {
      const { v, result, options } = step.operation;
      if (options.bias !== undefined) {
        integer(layout.attendBias, weights.relativeBias(options.bias, options.heads, reach));
        integer(layout.attendBiasReach, reach);
      }
      const headDim = step.q.columns / options.heads;
      integer(layout.entryOperation, layout.operationAttend);
      input(step.q);
      output(result);
      operand(layout.attendKeys, layout.attendKeysStride, step.k);
      operand(layout.attendValues, layout.attendValuesStride, v);
      integer(layout.attendHeads, options.heads);
      integer(layout.attendKeyHeads, options.kvHeads);
      integer(layout.attendHeadSize, headDim);
      integer(layout.attendLayer, options.layer);
      float(layout.attendScale, options.scale ?? 1 / Math.sqrt(headDim));
      float(layout.attendSoftcap, options.softcap ?? 0);
      integer(layout.attendWindow, options.window ?? 0);
      integer(layout.attendBidirectional, options.direction === 'bidirectional' ? 1 : 0);
      integer(layout.attendTurn, (step.turnsQueries ? 1 : 0) | (step.turnsKeys ? 2 : 0));
      if (step.rotary !== undefined) writeRotary(step.rotary.options, fields, weights);
      break;
    }
    case 'crossAttend': {
      const { q, result, options } = step.operation;
      const headDim = q.columns / options.heads;
      integer(layout.entryOperation, layout.operationAttend);
      input(q);
      output(result);
      integer(layout.attendHeads, options.heads);
      integer(layout.attendKeyHeads, options.kvHeads);
      integer(layout.attendHeadSize, headDim);
      integer(layout.attendLayer, options.layer);
      float(layout.attendScale, options.scale ?? 1 / Math.sqrt(headDim));
      integer(layout.attendCross, 1);
      break;
    }
    case 'storeEncoderKeyValues': {
      const { k, v, layer, kvHeads } = step.operation;
      integer(layout.entryOperation, layout.operationStoreEncoderKeyValues);
      operand(layout.attendKeys, layout.attendKeysStride, k);
      operand(layout.attendValues, layout.attendValuesStride, v);
      integer(layout.attendKeyHeads, kvHeads);
      integer(layout.attendHeadSize, k.columns / kvHeads);
      integer(layout.attendLayer, layer);
      break;
    }
    case 'elements': {
      const { operation } = step;
      integer(layout.entryOperation, layout.operationElements);
      input(operation.x);
      output(operation.result);
      if ('y' in operation) {
        integer(layout.elementsKind, operation.kind === 'add' ? layout.elementsAdd : layout.elementsMultiply);
        operand(layout.elementsSecond, layout.elementsSecondStride, operation.y);
      } else {
        integer(layout.elementsKind, operation.kind === 'scale' ? layout.elementsScale : layout.elementsSoftcap);
        float(layout.elementsFactor, operation.factor);
      }
      break;
    }
    case 'tap':
      integer(layout.entryOperation, layout.operationTap);
      input(step.operation.x);
      integer(layout.tapLayer, step.operation.layer);
  }
}

function writeNorm(
  { options }: Extract<Step, { kind: 'norm' }>['operation'],
  { integer, float }: Fields,
  weights: Weights,
): void {
  integer(layout.normKind, options.kind === 'layer' ? layout.normKindLayer : layout.normKindRootMeanSquare);
  integer(layout.normWeight, weights.address(options.weight));
  integer(layout.normBias, options.bias === undefined ? 0 : weights.address(options.bias));
  float(layout.normEpsilon, options.epsilon);
  integer(layout.normGroups, options.groups ?? 1);
}

function writeRotary(
  { table, headDim, rotated = headDim, style }: Extract<Step, { kind: 'rotary' }>['operation']['options'],
  { integer }: Fields,
  weights: Weights,
): void {
  integer(layout.rotaryTable, weights.address(table));
  integer(layout.rotaryWidth, rotated);
  integer(layout.rotaryPairs, style === 'interleaved' ? 1 : 0);
}
