import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { Kept, LogitEdit } from '../engine/engine.ts';
import type { History } from './history.ts';

/** Values that survive JSON and structuredClone. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/**
 * Reshapes next-token logits. A sampler holds no state of a sequence: what it remembers goes through `step.memory`, which
 * belongs to the run and follows the history through forks and rewinds. So one sampler object may serve many sequences,
 * models and runs at once.
 *
 * A sampler has one or more of three forms. The host form is the definition; the others must give the same result.
 */
export type Sampler = HostSampler | DeviceSampler | MaskSampler;

export interface SamplerBase {
  /** Kebab-case, for printing and for `EmptyDistributionError.stage`. */
  readonly name: string;
  /** What the factory was called with, defaults filled in: for printing, serializing, comparing. */
  readonly parameters?: Json;
  /** What may be assumed about it. Without one, nothing is. */
  readonly traits?: SamplerTraits;
  /**
   * How many of the largest logits it must see; 'all' by default. Where logits are dear to read and the engine can select
   * (`EngineMatrix.top`), only those are read back for the first stage that runs on the host.
   */
  readonly reads?: 'all' | { readonly top: number };
  /**
   * Set by a stage that does nothing but what `EngineMatrix.keep` does, but for rounding: where every stage can run on the device, it
   * does so too.
   */
  readonly keeps?: Kept;
  /**
   * What the stage does to the rows of a batch, said as data, but for rounding: an engine with kernels of its own (`EngineMatrix.edit`) does
   * it without TF.js.
   */
  edits?(step: BatchStep): LogitEdit;
}

export interface HostSampler extends SamplerBase {
  /** Edit one row of logits in place: [V]. -Infinity removes a token. */
  onHost(logits: Float32Array, step: RowStep): void;
}

export interface DeviceSampler extends SamplerBase {
  /**
   * The same on a whole batch with TF.js operations: [rows, V] -> [rows, V]. Runs inside `tf.tidy` on the engine's backend;
   * must not read anything back.
   */
  onDevice(logits: Tensor2D, step: BatchStep): Tensor2D;
}

export interface MaskSampler extends SamplerBase {
  /**
   * One bit a token, lowest bit first, [ceil(V / 32)]; a cleared bit removes the token. The path for grammars. Where logits are
   * dear to read, the bits are uploaded and applied on the device.
   */
  allowed(step: RowStep): Uint32Array;
}

/** Properties that the composer checks and the engine uses. Tested by `samplerCases`: a declared property must hold. */
export interface SamplerTraits {
  /** What its formula is defined on. `logits` accepts either; `log-probabilities` normalizes by itself. */
  readonly domain: 'logits' | 'log-probabilities' | 'probabilities';
  /** Adding a constant to all logits changes nothing but that constant. */
  readonly shiftInvariant: boolean;
  /** Multiplying all logits by a positive factor keeps the same tokens. */
  readonly scaleInvariant: boolean;
  /** The largest logit stays the largest, so greedy decoding may skip the stage. */
  readonly keepsArgMax: boolean;
  /** It only removes tokens, or changes the ones that are left: what was removed stays removed. */
  readonly narrows: boolean;
  /**
   * It takes tokens out: `'filter'` by what their logits are (rank, probability), `'constraint'` by which tokens they are. Without
   * it, nothing is removed. What measures the whole row, and penalties, belong before a filter.
   */
  readonly removes?: 'filter' | 'constraint';
  /**
   * A row is shaped by itself, whatever stands in the other rows. Default true, and always so for the host and mask forms, which
   * see one row; false for a device form that weighs rows against each other.
   */
  readonly singleRow?: boolean;
  /** It reads or writes `step.memory` or `step.drawn`. Default false. */
  readonly stateful?: boolean;
  /**
   * A filter that cuts an order of the tokens, in which of equals the lower ids come first: so equals may part. Default false: equals
   * stay or go together.
   */
  readonly sorts?: boolean;
  /** It draws the token by itself or replaces the final draw, so it must be last. Default false. */
  readonly controls?: boolean;
  /** It keeps one token, the largest: everything before that keeps the arg max is skipped. Default false. */
  readonly selectsArgMax?: boolean;
}

/** What a sampler may know about the row that it edits. */
export interface RowStep {
  /** All tokens so far, prompt included. */
  readonly history: History;
  /** The source text of an encoder-decoder model. */
  readonly source?: ArrayLike<number>;
  /** Tokens before the one that is chosen now: history.length. */
  readonly position: number;
  /** Which of the prompt's returned sequences this is, from 0. */
  readonly sequence: number;
  readonly promptLength: number;
  readonly vocabSize: number;
  /** Ids that end the sequence. */
  readonly eosTokenIds: readonly number[];
  /** Most tokens that the sequence may have, prompt included. */
  readonly maxLength: number;
  /** Uniform in [0, 1), keyed by seed, sequence, position and stage; `index` gives further independent ones. */
  random(index?: number): number;
  readonly state: SamplerState;
  /** How the last token of the history was drawn, as this stage saw it; absent for a prompt or a forced token. */
  readonly sampled?: Sampled;
  /**
   * The ids that may still have a finite logit, ascending, when an earlier stage has listed them; undefined = any may.
   * Only a hint for speed: a listed token may be -Infinity too.
   */
  readonly candidates: Int32Array | undefined;
  /**
   * Remove all tokens but `ids` (in any order, finite or not), and list them for the stages that follow.
   * Use it after a selection; for single removals just write -Infinity.
   */
  keep(logits: Float32Array, ids: ArrayLike<number>): void;
}

export interface BatchStep {
  readonly rows: readonly RowStep[];
}

/** What a stage stored in this run. Values must be small, immutable and structured-cloneable. */
export interface SamplerState {
  /** What this stage stored at the nearest earlier node of this history; undefined at first. */
  get<T extends Json>(): T | undefined;
  /** Store for this node. */
  set(value: Json): void;
}

export interface Sampled {
  readonly id: number;
  /** Its probability in what this stage was given. */
  readonly before: number;
  /** Its probability in what this stage left. */
  readonly after: number;
}

export function hasHostForm(sampler: Sampler): sampler is HostSampler {
  return 'onHost' in sampler;
}

export function hasDeviceForm(sampler: Sampler): sampler is DeviceSampler {
  return 'onDevice' in sampler;
}

export function hasMaskForm(sampler: Sampler): sampler is MaskSampler {
  return 'allowed' in sampler;
}

/** Call `visit` for each token that is not removed, by rising id. The loop that a stage writes when it needs no sort. */
export function forEachCandidate(
  logits: Float32Array,
  step: Pick<RowStep, 'candidates'>,
  visit: (id: number, logit: number) => void,
): void {
  const { candidates } = step;
  if (candidates === undefined) {
    for (let id = 0; id < logits.length; id++) if (logits[id]! > -Infinity) visit(id, logits[id]!);
  } else {
    for (const id of candidates) if (logits[id]! > -Infinity) visit(id, logits[id]!);
  }
}
