import type { KeepRule, LogitEdit } from '../engine/engine.ts';
import type { Tensor2D, TensorFlow } from '../engine/tensorflow.ts';
import type { History } from './history.ts';

/** Values that survive JSON and structuredClone. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/**
 * Reshapes next-token logits. A sampler keeps no state of its own: what it remembers about a sequence goes through
 * `step.state`, which belongs to the run and follows the history through forks and rewinds. One sampler object can
 * therefore serve many sequences, models and runs at once.
 *
 * A sampler has one or more of three forms: `onHost`, `onDevice`, `mask`. The host form defines the result; the others
 * must agree with it.
 *
 * @example
 * ```ts
 * const banned = (ids: readonly number[]): Sampler => ({
 *   name: 'banned',
 *   onHost(logits) { for (const id of ids) logits[id] = -Infinity; },
 * });
 * ```
 */
export type Sampler = HostSampler | DeviceSampler | MaskSampler;

export interface SamplerBase {
  /** Kebab-case, for printing and for `EmptyDistributionError.stage`. */
  readonly name: string;
  /** The options the sampler was made with, defaults included, as plain data: for printing, JSON and comparison. */
  readonly parameters?: Json;
  /** What the sampler does, for warnings about the order of a chain. Without it, nothing is assumed. */
  readonly kind?: SamplerKind;
  /** Facts that let the chain take a shortcut. Each defaults to false or unknown. `samplerCases` tests every declared one. */
  readonly traits?: SamplerTraits;
  /** The same effect in a form that an engine can execute without TF.js or a readback. */
  readonly kernel?: SamplerKernel;
}

/** A sampler that edits one row of logits on the host. */
export interface HostSampler extends SamplerBase {
  /** Edit one row of logits in place: float32, [V]. -Infinity removes a token. Must return nothing. */
  onHost(logits: Float32Array, step: RowStep): void;
}

/** A sampler that edits a batch of logits with TF.js operations. */
export interface DeviceSampler extends SamplerBase {
  /**
   * Edit a batch where the logits are: float32, [rows, V] -> [rows, V]. Use the TF.js operations of `step.tf`. Runs inside
   * `tf.tidy` on the engine's backend and must not read anything back.
   */
  onDevice(logits: Tensor2D, step: DeviceStep): Tensor2D;
}

/** A sampler that says which tokens are allowed. */
export interface MaskSampler extends SamplerBase {
  /**
   * One bit per token, lowest bit first: [ceil(V / 32)]. A cleared bit removes the token. Where logits are expensive to
   * read back, the bits are uploaded and applied on the device.
   */
  mask(step: RowStep): Uint32Array;
}

/**
 * What a sampler does.
 *
 * - `shaping` changes probabilities and removes nothing: temperature.
 * - `filter` removes tokens by rank or probability: top-k, top-p.
 * - `penalty` makes repeated tokens less likely.
 * - `bias` adds to the logits of given tokens.
 * - `constraint` removes or forces tokens by their ids.
 * - `controller` steers the sampled token by feedback, so it must be last: mirostat.
 * - `watermark` marks the text.
 * - `repair` replaces invalid logits.
 */
export type SamplerKind =
  | 'shaping'
  | 'filter'
  | 'penalty'
  | 'bias'
  | 'constraint'
  | 'controller'
  | 'watermark'
  | 'repair';

/** Facts about a sampler that code reads at run time. */
export interface SamplerTraits {
  /** The largest logit stays the largest, so greedy decoding can skip the stage. */
  readonly keepsArgMax?: boolean;
  /** Keeps one token, the largest, so earlier stages that keep the arg max are skipped. */
  readonly selectsArgMax?: boolean;
  /**
   * With `selectsArgMax`: the stage only says that nothing is drawn at random, as `do_sample: false` of another system. A
   * strategy that ranks tokens leaves it out. Without this trait, such a strategy refuses the chain.
   */
  readonly yieldsToStrategy?: boolean;
  /** A removed token stays removed. `false` says that the stage may make a removed token possible again. */
  readonly narrows?: boolean;
  /** Reads or writes `step.state` or `step.sampled`. */
  readonly stateful?: boolean;
  /** Measures the whole row, so it belongs before every stage that removes tokens. */
  readonly needsWholeRow?: boolean;
  /** Depends on where zero is, so log-probabilities give another result than logits. */
  readonly dependsOnZero?: boolean;
  /** Its output is log-probabilities. */
  readonly normalizes?: boolean;
  /** Removes or demotes the most probable tokens on purpose. */
  readonly demotesArgMax?: boolean;
  /** Steers toward a target surprise. */
  readonly targetsSurprise?: boolean;
  /** Reads `step.source` as ids of the output's vocabulary, so models with a vocabulary for each side refuse it. */
  readonly readsSource?: boolean;
}

/** What an engine can execute in place of the host form, equal to it up to rounding. */
export interface SamplerKernel {
  /**
   * How many of the largest logits the host form needs. Where the engine can select (`EngineMatrix.top`), only these are
   * read back for the first stage on the host. Default: all.
   */
  readonly reads?: number;
  /** The stage does exactly what `EngineMatrix.keep` does. */
  readonly keep?: KeepRule;
  /** The edit of a batch as data, for `EngineMatrix.edit`. */
  edit?(step: BatchStep): LogitEdit;
}

/** What a sampler knows about the row that it edits. */
export interface RowStep {
  /** All tokens so far, prompt included. */
  readonly history: History;
  /** The source ids of an encoder-decoder model. Absent where the source has a vocabulary of its own. */
  readonly source?: ArrayLike<number>;
  /** Number of tokens before the one that is chosen now: `history.length`. */
  readonly position: number;
  /** Index of the returned sequence of the prompt, from 0. */
  readonly sequence: number;
  readonly promptLength: number;
  readonly vocabSize: number;
  /** Ids that end the sequence. */
  readonly eosTokenIds: readonly number[];
  /** Maximum length of the sequence in tokens, prompt included. */
  readonly maxLength: number;
  /** A uniform number in [0, 1), keyed by seed, sequence, position and stage; each `index` gives an independent one. */
  random(index?: number): number;
  /** What this stage remembers about the sequence. */
  readonly state: SamplerState;
  /**
   * How the last token of the history was sampled, as this stage saw it. Absent for a prompt token, for a forced token, and for
   * a stage without a host form.
   */
  readonly sampled?: Sampled;
  /**
   * The ids that may still have a finite logit, ascending, when an earlier stage has listed them; undefined = any may.
   * A hint for speed: a listed token may be -Infinity too.
   */
  readonly candidates: Int32Array | undefined;
  /**
   * Remove all tokens except `ids` (in any order, finite or not) and list them for the stages that follow. Use it after a
   * selection; to remove single tokens, write -Infinity.
   */
  keep(logits: Float32Array, ids: ArrayLike<number>): void;
}

/** What is known about the rows of a batch. */
export interface BatchStep {
  readonly rows: readonly RowStep[];
}

/** What a device form receives. */
export interface DeviceStep extends BatchStep {
  /** The TF.js module that the engine runs on, so that a sampler does not have to import one. */
  readonly tf: TensorFlow;
}

/** What a stage stores in a run. Values must be small, immutable and structured-cloneable. */
export interface SamplerState {
  /** The value this stage stored at the nearest earlier node of this history; undefined at first. */
  get<T extends Json>(): T | undefined;
  /** Store a value for this node. */
  set(value: Json): void;
}

/** How a token was sampled, as one stage saw it. */
export interface Sampled {
  readonly id: number;
  /** Its probability in the stage's input. */
  readonly before: number;
  /** Its probability in the stage's output. */
  readonly after: number;
}

export function hasHostForm(sampler: Sampler): sampler is HostSampler {
  return 'onHost' in sampler;
}

export function hasDeviceForm(sampler: Sampler): sampler is DeviceSampler {
  return 'onDevice' in sampler;
}

export function hasMaskForm(sampler: Sampler): sampler is MaskSampler {
  return 'mask' in sampler;
}

/** True for a stage that receives how its token was sampled. A mask is made from the text alone, so its stage does not. */
export function receivesSampled(sampler: Sampler): boolean {
  return sampler.traits?.stateful === true && hasHostForm(sampler);
}

/** Call `visit` for each token that is not removed, by ascending id. */
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
