import type { EngineMatrix } from '../engine/engine.ts';
import { DisposedError } from '../errors.ts';
import type { ForwardResult } from '../model/language-model.ts';
import { decisiveStages, HostRow, type RowContext } from './chain.ts';
import { type DividedChain, divideChain, type ScoresSetting, type Stage, shapeOnDevice } from './device-stages.ts';
import { largest, logProbabilities, logSumExp, probabilities, rankOf, sampleToken, topTokens } from './distribution.ts';
import { type Explanation, explain } from './explain.ts';
import type { History } from './history.ts';
import type { RandomPurpose } from './random.ts';
import type { Sampler } from './sampler.ts';

export type { ScoresSetting } from './device-stages.ts';

/**
 * Next-token logits of some rows on their way from the model to a choice. `apply` only notes the stages; the work is done
 * when a result is asked for, so that it happens where the logits are and reads back no more than is needed. Valid until
 * the next `advance` of the same run.
 */
export class Scores {
  /** One context a row of logits, [rows]. */
  readonly contexts: readonly RowContext[];
  readonly #result: ForwardResult;
  readonly #setting: ScoresSetting;
  #stages: Sampler[] = [];
  #normalized = false;
  #evaluated: Promise<readonly HostRow[]> | undefined;
  #raw: Promise<Float32Array> | undefined;
  #disposed = false;

  /** @param result taken over: disposed with the scores. */
  constructor(result: ForwardResult, contexts: readonly RowContext[], setting: ScoresSetting) {
    this.#result = result;
    this.contexts = contexts;
    this.#setting = setting;
  }

  get rows(): number {
    return this.contexts.length;
  }

  /** What the forward pass returned, for strategies that read hidden states or early exits. */
  get result(): ForwardResult {
    this.#check();
    return this.#result;
  }

  /** Let the logits pass through these stages, after those applied before. */
  apply(samplers: readonly Sampler[]): this {
    this.#check();
    this.#stages = [...this.#stages, ...samplers];
    this.#evaluated = undefined;
    return this;
  }

  /** Let the stages see log-probabilities instead of logits, as the processors of Hugging Face do under beams. */
  normalize(): this {
    this.#check();
    this.#normalized = true;
    this.#evaluated = undefined;
    return this;
  }

  /**
   * Draw a token for each row: [rows]. Where logits are dear to read and every stage has a form for the device, so is the draw:
   * then only the choice is read back, and a token whose border lies within rounding of the uniform number may differ.
   * @throws EmptyDistributionError, InvalidLogitsError naming the stage, when a row has nothing to draw from.
   */
  async sample(stage: RandomPurpose = 'draw'): Promise<number[]> {
    this.#check();
    const forced = this.contexts.map(({ control }) => control?.force?.[0]);
    if (forced.every((id) => id !== undefined)) return forced;
    const selects = this.#stages.at(-1)?.traits?.selectsArgMax === true;
    const uniforms = this.contexts.map(({ random, sequence, history }) =>
      random.uniform(sequence, history.length, stage),
    );
    const ids =
      (await this.#chooseOnDevice(selects ? undefined : uniforms)) ??
      (await this.#evaluate()).map((row, at) => {
        if (forced[at] !== undefined) return forced[at];
        const id = selects
          ? largest(row.logits, row.candidates).id
          : sampleToken(row.logits, uniforms[at]!, row.candidates);
        return id >= 0 && row.logits[id]! < Infinity ? id : -1;
      });
    for (const [at, id] of ids.entries()) {
      if (forced[at] !== undefined) ids[at] = forced[at];
      else if (id < 0) await this.#refuse(at);
    }
    return ids;
  }

  /** The logits after the stages, [V], -Infinity where a token was removed. The caller must not change them. */
  async logits(row: number): Promise<Float32Array> {
    return (await this.#evaluate())[row]!.logits;
  }

  /** softmax of the logits after the stages, [V], float64. */
  async probabilities(row: number): Promise<Float64Array> {
    const { logits, candidates } = (await this.#evaluate())[row]!;
    return probabilities(logits, candidates);
  }

  /** log-softmax of the logits after the stages, [V], float64. */
  async logProbabilities(row: number): Promise<Float64Array> {
    const { logits, candidates } = (await this.#evaluate())[row]!;
    return logProbabilities(logits, candidates);
  }

  /** The model's own logits, before any stage: a copy, [V]. */
  async raw(row: number): Promise<Float32Array> {
    const { columns } = this.#result.logits;
    const all = await this.#readRaw();
    return all.slice(row * columns, (row + 1) * columns);
  }

  /** The model's logits without what it rules out itself: a copy, [V]. Undefined for models that rule nothing out. */
  async relaxed(row: number): Promise<Float32Array | undefined> {
    this.#check();
    const { relaxed } = this.#result;
    if (relaxed === undefined) return undefined;
    return (await relaxed.read()).slice(row * relaxed.columns, (row + 1) * relaxed.columns);
  }

  /** What the model itself thought of a token, and of the best ones: before any stage, as log-probabilities. */
  async describe(row: number, id: number, { top = 0, ids = [] }: DescribeOptions = {}): Promise<TokenScores> {
    const { columns } = this.#result.logits;
    const logits = (await this.#readRaw()).subarray(row * columns, (row + 1) * columns);
    const normalizer = logSumExp(logits);
    const scored = (token: number): TokenLogprob => ({ id: token, logprob: logits[token]! - normalizer });
    return {
      logprob: logits[id]! - normalizer,
      rank: rankOf(logits, id),
      ...(top > 0 ? { top: Array.from(topTokens(logits, top), scored) } : {}),
      ...(ids.length > 0 ? { named: ids.map(scored) } : {}),
    };
  }

  /**
   * What each stage did to a row; `top` tokens are listed after each. The chain runs once more for it.
   *
   * @param history what stages remember, when that is known of other nodes than the row was advanced with. Default: the row's.
   */
  async explain(row: number, top: number = 10, history?: History): Promise<Explanation> {
    const context = this.contexts[row]!;
    return explain(await this.raw(row), this.#stages, { ...context, history: history ?? context.history }, top);
  }

  /** The history of a row with `id` appended; stages that remember are told how probable it was. */
  async extend(row: number, id: number): Promise<History> {
    this.#check();
    // Nothing has to be known of the row when no stage remembers.
    if (!this.#stages.some(({ traits }) => traits?.stateful === true)) return this.contexts[row]!.history.append(id);
    return (await this.#evaluate())[row]!.extend(id);
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#result.dispose();
  }

  #check(): void {
    if (this.#disposed) throw new DisposedError('Scores', 'ended with the next advance of their run');
  }

  #readRaw(): Promise<Float32Array> {
    this.#check();
    this.#raw ??= this.#result.logits.read();
    return this.#raw;
  }

  #evaluate(): Promise<readonly HostRow[]> {
    this.#check();
    this.#evaluated ??= this.#run();
    return this.#evaluated;
  }

  async #run(): Promise<readonly HostRow[]> {
    const { far, near } = this.#divide();
    const rows = await this.#onDevice(far, (logits) => this.#rowsFor(near[0]?.sampler, logits));
    for (const row of rows) this.#shape(row, near);
    const { relaxed } = this.#result;
    if (relaxed === undefined || rows.every(({ sampleable }) => sampleable)) return rows;
    return Promise.all(rows.map(async (row, at) => (row.sampleable ? row : this.#relaxedRow(at))));
  }

  #shape(row: HostRow, stages: readonly Stage[]): void {
    remove(row.logits, row.context.control?.ban);
    if (this.#normalized) row.logits.set(logProbabilities(row.logits));
    for (const { sampler, index } of stages) row.apply(sampler, index);
  }

  /** A row without what the model itself rules out, after the whole chain. */
  async #relaxedRow(at: number): Promise<HostRow> {
    const row = new HostRow((await this.relaxed(at))!, this.contexts[at]!);
    this.#shape(row, decisiveStages(this.#stages));
    return row;
  }

  /** The rows as the first stage on the host needs them: what it does not read stays where it is. */
  async #rowsFor(first: Sampler | undefined, logits: EngineMatrix): Promise<HostRow[]> {
    const reads = first?.traits?.stateful === true || this.#hostFirst ? Infinity : (first?.kernel?.reads ?? Infinity);
    if (this.#setting.readbackIsExpensive && logits.top !== undefined && reads < logits.columns) {
      const rows = await logits.top(reads, []);
      // Of a broken row only the whole tells what is wrong with it.
      if (rows.every(({ logSumExp: normalizer }) => Number.isFinite(normalizer)))
        return rows.map(({ ids, values }, at) => HostRow.ofListed(ids, values, this.contexts[at]!));
    }
    const all = logits === this.#result.logits ? await this.#readForEditing() : await logits.read();
    const { columns } = logits;
    return this.contexts.map((context, row) => new HostRow(all.subarray(row * columns, (row + 1) * columns), context));
  }

  /** The choice of each row without reading it, -1 where there is none; undefined when that cannot be done. */
  async #chooseOnDevice(uniforms: readonly number[] | undefined): Promise<number[] | undefined> {
    const { relaxed } = this.#result;
    if (!this.#setting.readbackIsExpensive || this.#hostFirst || relaxed !== undefined || this.#evaluated !== undefined)
      return undefined;
    const { far, near } = this.#divide(true);
    const { choose, columns } = this.#result.logits;
    if (near.length > 0 || choose === undefined || columns < smallestRemoteDraw) return undefined;
    // The last stage of a selection is the choice itself.
    return this.#onDevice(uniforms === undefined ? far.slice(0, -1) : far, async (logits) => [
      ...(await this.#choose(logits, uniforms)),
    ]);
  }

  /** Choose, and let the next step follow while the choice is on its way. */
  async #choose(logits: EngineMatrix, uniforms: readonly number[] | undefined): Promise<Int32Array> {
    const { onChoice } = this.#setting;
    if (onChoice === undefined || logits.chooseAhead === undefined) return logits.choose!(uniforms);
    const choice = logits.chooseAhead(uniforms);
    try {
      onChoice(choice);
      return await choice.read();
    } finally {
      choice.dispose();
    }
  }

  /** True when whole rows have to be changed before the first stage. */
  get #hostFirst(): boolean {
    return this.#normalized || this.contexts.some(({ control }) => control?.ban !== undefined);
  }

  #divide(selects = false): DividedChain {
    return divideChain(decisiveStages(this.#stages), this.#result.logits, this.#setting, this.#hostFirst, selects);
  }

  async #readForEditing(): Promise<Float32Array> {
    return this.#raw === undefined ? this.#result.logits.read() : (await this.#raw).slice();
  }

  /** What `work` makes of the logits after these stages, which is all that lives on. */
  async #onDevice<Result>(stages: readonly Stage[], work: (logits: EngineMatrix) => Promise<Result>): Promise<Result> {
    const { logits } = this.#result;
    if (stages.length === 0) return work(logits);
    const shaped = shapeOnDevice(logits, stages, this.contexts, this.#setting);
    try {
      return await work(shaped);
    } finally {
      shaped.dispose();
    }
  }

  /** Run the chain again from the model's logits, one stage at a time, to name the stage that is to blame. */
  async #refuse(row: number): Promise<never> {
    const { near, far } = this.#divide();
    const { columns } = this.#result.logits;
    let retrace = new HostRow(await this.raw(row), this.contexts[row]!);
    if (!retrace.sampleable) retrace.refuse('model');
    for (const [i, { sampler }] of far.entries()) {
      const all = await this.#onDevice(far.slice(0, i + 1), (logits) => logits.read());
      retrace = new HostRow(all.slice(row * columns, (row + 1) * columns), this.contexts[row]!);
      if (!retrace.sampleable) retrace.refuse(sampler.name);
    }
    remove(retrace.logits, this.contexts[row]!.control?.ban);
    if (!retrace.sampleable) retrace.refuse('ban');
    if (this.#normalized) retrace.logits.set(logProbabilities(retrace.logits));
    for (const { sampler, index } of near) {
      retrace.apply(sampler, index);
      if (!retrace.sampleable) retrace.refuse(sampler.name);
    }
    return retrace.refuse(this.#stages.at(-1)?.name ?? 'model');
  }
}

/** Below it a whole row is read as quickly as a choice: what costs is the way, not the 16 KB. */
const smallestRemoteDraw = 4096;

function remove(logits: Float32Array, ids: readonly number[] = []): void {
  for (const id of ids) logits[id] = -Infinity;
}

export interface DescribeOptions {
  /** How many of the best tokens to list. Default 0. */
  readonly top?: number;
  /** Tokens whose log-probability is wanted whatever their rank. */
  readonly ids?: readonly number[];
}

export interface TokenLogprob {
  readonly id: number;
  /** Natural logarithm of the probability that the model gave, before any sampler. */
  readonly logprob: number;
}

export interface TokenScores {
  readonly logprob: number;
  /** 1 for the most probable token. */
  readonly rank: number;
  readonly top?: readonly TokenLogprob[];
  readonly named?: readonly TokenLogprob[];
}
