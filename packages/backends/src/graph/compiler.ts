import { TokenwrightError } from '@tokenwright/core';
import type { Operation, Value } from './recorder.ts';

/** Rows of activations are padded to a multiple of this. */
const numbersPerGroup = 8;

type Norm = Extract<Operation, { kind: 'norm' }>;
type Rotary = Extract<Operation, { kind: 'rotary' }>;
type Of<K extends Operation['kind']> = Extract<Operation, { kind: K }>;

/** One entry of a tape before addresses are assigned: an operation and what was folded into it. */
export type Step =
  | { readonly kind: 'embed'; readonly operation: Of<'embed'> | Of<'positions'> }
  | { readonly kind: 'norm'; readonly operation: Norm }
  | { readonly kind: 'linear'; readonly operation: Of<'linear'>; readonly norm?: Norm }
  | { readonly kind: 'gated'; readonly operation: Of<'gated'>; readonly norm?: Norm }
  | { readonly kind: 'rotary'; readonly operation: Rotary }
  | {
      readonly kind: 'attend';
      readonly operation: Of<'attend'>;
      readonly q: Value;
      readonly k: Value;
      /** The head dimensions that the kernel rotates. */
      readonly rotary?: Rotary;
      readonly turnsQueries: boolean;
      readonly turnsKeys: boolean;
    }
  | { readonly kind: 'crossAttend'; readonly operation: Of<'crossAttend'> }
  | { readonly kind: 'storeEncoderKeyValues'; readonly operation: Of<'storeEncoderKeyValues'> }
  | { readonly kind: 'elements'; readonly operation: Of<'add' | 'multiply'> | Of<'scale' | 'softcap'> }
  | { readonly kind: 'tap'; readonly operation: Of<'tap'> };

/** Steps in order, and the place of each value in the arena of activations. */
export interface Program {
  readonly steps: readonly Step[];
  /** Byte offset of a root value. Absent for values that no step writes, and for a result outside the arena. */
  readonly offsets: ReadonlyMap<Value, number>;
  /** The root values that share the result's memory, when it is outside the arena. */
  readonly external: ReadonlySet<Value>;
  readonly arenaBytes: number;
}

export interface CompileOptions {
  readonly maxTokens: number;
  /** The result of the program. It must be intact when the program ends. */
  readonly result?: Value;
  /** The input, at the start of the arena. */
  readonly input?: Value;
  /** The result is written outside the arena, to an address that each run provides. */
  readonly resultOutside?: boolean;
  /** Name of the model in errors. */
  readonly name: string;
}

/** Bytes of a row of activations or of a result, rounded up to a whole group of weight rows. */
export function rowBytes(columns: number): number {
  return Math.ceil(columns / numbersPerGroup) * numbersPerGroup * 4;
}

/**
 * From recorded operations to a tape: fold norms and rotary positions into the operations that read them, compute the
 * lifetime of each value, and place the values in one arena. Free memory is reused, and a step writes in place when no
 * later step reads its input.
 */
export function compile(operations: readonly Operation[], options: CompileOptions): Program {
  const steps = foldedSteps(operations, options);
  return { steps, ...layOut(steps, options) };
}

/** The values that a step reads. For a folded norm, this is the norm's input, which must still be intact. */
export function readsOf(step: Step): readonly Value[] {
  switch (step.kind) {
    case 'embed':
      return [];
    case 'linear': {
      const { x, options } = step.operation;
      const input = step.norm === undefined ? x : step.norm.x;
      return options.residual === undefined ? [input] : [input, options.residual];
    }
    case 'gated':
      return [step.norm === undefined ? step.operation.x : step.norm.x];
    case 'attend':
      return [step.q, step.k, step.operation.v];
    case 'crossAttend':
      return [step.operation.q];
    case 'storeEncoderKeyValues':
      return [step.operation.k, step.operation.v];
    case 'elements':
      return 'y' in step.operation ? [step.operation.x, step.operation.y] : [step.operation.x];
    default:
      return [step.operation.x];
  }
}

/** The value that a step writes. */
export function resultOf(step: Step): Value | undefined {
  return 'result' in step.operation ? step.operation.result : undefined;
}

function foldedSteps(operations: readonly Operation[], { result, name }: CompileOptions): Step[] {
  const readers = readersOf(operations);
  const read = (value: Value): readonly Operation[] => readers.get(value.root) ?? [];
  /** A result that is also read as a plain value cannot be folded away. */
  const isResult = (value: Value): boolean => result?.root === value;

  const norms = new Map<Value, Norm>();
  const rotaries = new Map<Value, Rotary>();
  for (const operation of operations) {
    if (operation.kind !== 'norm' && operation.kind !== 'rotary') continue;
    const { result: value } = operation;
    const consumers = read(value);
    if (consumers.length === 0 && !isResult(value))
      throw new TokenwrightError(`The model '${name}' computes a ${operation.kind} that nothing reads.`);
    if (isResult(value)) continue;
    if (operation.kind === 'norm') {
      const foldable = consumers.every(
        (consumer) =>
          (consumer.kind === 'linear' && consumer.x === value && consumer.options.residual?.root !== value) ||
          (consumer.kind === 'gated' && consumer.x === value),
      );
      if (foldable && (operation.options.groups ?? 1) === 1) norms.set(value, operation);
    } else {
      const foldable = consumers.every(
        (consumer) =>
          consumer.kind === 'attend' &&
          (consumer.q === value || consumer.k === value) &&
          consumer.v.root !== value &&
          sameTurn(operation, otherRotary(operations, consumer, value)) &&
          operation.options.headDim === consumer.q.columns / consumer.options.heads,
      );
      if (foldable) rotaries.set(value, operation);
    }
  }

  const folded = new Set<Operation>();
  const steps: Step[] = [];
  for (const operation of operations) {
    switch (operation.kind) {
      case 'norm':
        if (!norms.has(operation.result)) steps.push({ kind: 'norm', operation });
        break;
      case 'rotary':
        if (!rotaries.has(operation.result)) steps.push({ kind: 'rotary', operation });
        break;
      case 'linear': {
        const norm = norms.get(operation.x);
        if (norm !== undefined) folded.add(norm);
        steps.push({ kind: 'linear', operation, ...(norm && { norm }) });
        break;
      }
      case 'gated': {
        const norm = norms.get(operation.x);
        if (norm !== undefined) folded.add(norm);
        steps.push({ kind: 'gated', operation, ...(norm && { norm }) });
        break;
      }
      case 'attend': {
        const ofQueries = rotaries.get(operation.q);
        const ofKeys = rotaries.get(operation.k);
        for (const rotary of [ofQueries, ofKeys]) if (rotary !== undefined) folded.add(rotary);
        const rotary = ofQueries ?? ofKeys;
        steps.push({
          kind: 'attend',
          operation,
          q: ofQueries?.x ?? operation.q,
          k: ofKeys?.x ?? operation.k,
          ...(rotary && { rotary }),
          turnsQueries: ofQueries !== undefined,
          turnsKeys: ofKeys !== undefined,
        });
        break;
      }
      case 'embed':
      case 'positions':
        steps.push({ kind: 'embed', operation });
        break;
      case 'add':
      case 'multiply':
      case 'scale':
      case 'softcap':
        steps.push({ kind: 'elements', operation });
        break;
      default:
        steps.push({ kind: operation.kind, operation } as Step);
    }
  }
  for (const operation of [...norms.values(), ...rotaries.values()])
    if (!folded.has(operation))
      throw new TokenwrightError(`A ${operation.kind} of the model '${name}' was not folded into any operation.`);
  return steps;
}

/** Operations that read a root value or a view of it. */
function readersOf(operations: readonly Operation[]): Map<Value, Operation[]> {
  const readers = new Map<Value, Operation[]>();
  const note = (value: Value | undefined, operation: Operation): void => {
    if (value === undefined) return;
    const list = readers.get(value.root);
    if (list === undefined) readers.set(value.root, [operation]);
    else list.push(operation);
  };
  for (const operation of operations) {
    if ('x' in operation) note(operation.x, operation);
    if ('y' in operation) note(operation.y, operation);
    if ('q' in operation) note(operation.q, operation);
    if ('k' in operation) note(operation.k, operation);
    if ('v' in operation) note(operation.v, operation);
    if (operation.kind === 'linear') note(operation.options.residual, operation);
  }
  return readers;
}

/** The other rotary operation of an attention that rotates queries and keys. */
function otherRotary(operations: readonly Operation[], attend: Of<'attend'>, value: Value): Rotary | undefined {
  const other = attend.q === value ? attend.k : attend.q;
  return operations.find((operation): operation is Rotary => operation.kind === 'rotary' && operation.result === other);
}

function sameTurn(a: Rotary, b: Rotary | undefined): boolean {
  if (b === undefined) return true;
  const [x, y] = [a.options, b.options];
  return (
    x.table === y.table &&
    x.style === y.style &&
    x.headDim === y.headDim &&
    (x.rotated ?? x.headDim) === (y.rotated ?? y.headDim)
  );
}

/** A place in memory for one value, or for several that are written in place of each other. */
interface Storage {
  readonly bytes: number;
  /** Index of the first step that writes it, and of the last one that reads it. */
  readonly from: number;
  to: number;
}

function layOut(
  steps: readonly Step[],
  { maxTokens, result, input, resultOutside = false }: CompileOptions,
): Omit<Program, 'steps'> {
  const lastRead = new Map<Value, number>();
  for (const [index, step] of steps.entries()) for (const value of readsOf(step)) lastRead.set(value.root, index);
  if (result !== undefined) lastRead.set(result.root, Infinity);

  const storages = new Map<Value, Storage>();
  const give = (value: Value, from: number): void => {
    const bytes = rowBytes(value.columns) * maxTokens;
    storages.set(value, { bytes, from, to: lastRead.get(value) ?? from });
  };
  if (input !== undefined) give(input, -1);
  for (const [index, step] of steps.entries()) {
    const value = resultOf(step);
    if (value === undefined) continue;
    const replaced = replaceable(step).find(
      (candidate) => candidate.root === candidate && candidate !== input && lastRead.get(candidate) === index,
    );
    const storage = replaced && storages.get(replaced);
    if (storage === undefined) give(value, index);
    else {
      storage.to = Math.max(storage.to, lastRead.get(value) ?? index);
      storages.set(value, storage);
    }
  }

  const outside = resultOutside ? storages.get(result!.root) : undefined;
  const external = new Set([...storages].filter(([, storage]) => storage === outside).map(([value]) => value));
  const { placed, bytes } = placeAll(new Set([...storages.values()].filter((storage) => storage !== outside)));
  const offsets = new Map(
    [...storages].filter(([value]) => !external.has(value)).map(([value, storage]) => [value, placed.get(storage)!]),
  );
  return { offsets, external, arenaBytes: bytes };
}

/** Values that a step may overwrite with its result when no later step reads them. */
function replaceable(step: Step): readonly Value[] {
  if (step.kind === 'elements')
    return 'y' in step.operation ? [step.operation.x, step.operation.y] : [step.operation.x];
  if (step.kind !== 'linear') return [];
  const { residual } = step.operation.options;
  // A thread that has finished would overwrite what another thread is still encoding.
  const input = (step.norm?.x ?? step.operation.x).root;
  return residual === undefined || residual.root === input ? [] : [residual];
}

/** First fit over the steps: two storages may share memory only when their lifetimes do not overlap. */
function placeAll(storages: ReadonlySet<Storage>): { placed: Map<Storage, number>; bytes: number } {
  const alignment = 128;
  const placed = new Map<Storage, number>();
  let bytes = 0;
  for (const storage of storages) {
    const size = Math.ceil(storage.bytes / alignment) * alignment;
    const rivals = [...placed]
      .filter(([other]) => other.from <= storage.to && storage.from <= other.to)
      .map(([other, start]) => ({ start, end: start + Math.ceil(other.bytes / alignment) * alignment }))
      .sort((a, b) => a.start - b.start);
    let start = 0;
    for (const rival of rivals) {
      if (start + size <= rival.start) break;
      start = Math.max(start, rival.end);
    }
    placed.set(storage, start);
    bytes = Math.max(bytes, start + size);
  }
  return { placed, bytes };
}
