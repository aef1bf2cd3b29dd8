import { DisposedError } from '../../errors.ts';
import type { ForwardResult } from '../../model/language-model.ts';
import { logProbabilities, probabilities } from '../distribution.ts';
import type { History } from '../history.ts';
import type { RandomPurpose } from '../random.ts';
import { receivesSampled, type Sampler } from '../sampler.ts';
import { type DescribeOptions, describeToken, type TokenScores } from '../token-scores.ts';
import type { ScoresSetting } from './device-stages.ts';
import { type Explanation, explain } from './explain.ts';
import type { HostRow } from './host-row.ts';
import type { RowContext } from './row-context.ts';
import { Shaping } from './shaping.ts';

/**
 * Next-token logits of some rows on their way from the model to a choice. `apply` only records the stages. The work is done
 * when a result is asked for, where the logits are, and reads back no more than needed. Valid until the next `advance` of
 * the same run.
 */
export class Scores {
  /** One context per row of logits, [rows]. */
  readonly contexts: readonly RowContext[];
  readonly #result: ForwardResult;
  readonly #setting: ScoresSetting;
  #stages: readonly Sampler[] = [];
  #normalized = false;
  #shaping: Shaping | undefined;
  #raw: Promise<Float32Array> | undefined;
  #disposed = false;

  /** @param result taken over: disposed with the scores. */
  constructor(result: ForwardResult, contexts: readonly RowContext[], setting: ScoresSetting) {
    this.#result = result;
    this.contexts = contexts;
    this.#setting = setting;
  }

  /** The result of the forward pass, for strategies that read hidden states or early exits. */
  get result(): ForwardResult {
    this.#check();
    return this.#result;
  }

  /** Pass the logits through these stages, after those applied before. */
  apply(samplers: readonly Sampler[]): this {
    this.#check();
    this.#stages = [...this.#stages, ...samplers];
    this.#shaping = undefined;
    return this;
  }

  /** Give the stages log-probabilities instead of logits, as Hugging Face does under beams. */
  normalize(): this {
    this.#check();
    this.#normalized = true;
    this.#shaping = undefined;
    return this;
  }

  /**
   * Sample a token per row: [rows], by the exponential race of `sampleToken`. Where logits are expensive to read back and every
   * stage can run on the device, it is run there too, and only its result is read back.
   *
   * @throws EmptyDistributionError, InvalidLogitsError naming the stage, when a row has nothing to sample.
   */
  async sample(purpose: RandomPurpose = 'draw'): Promise<number[]> {
    this.#check();
    const forced = this.contexts.map(({ control }) => control?.force?.[0]);
    if (forced.every((id) => id !== undefined)) return forced;
    const keys = this.contexts.map(({ random, sequence, history }) => random.key(sequence, history.length, purpose));
    const selects = this.#stages.at(-1)?.traits?.selectsArgMax === true;
    const chosen = await this.#shaped.choose(selects ? undefined : keys);
    const ids = chosen ?? (await this.#rows()).map((row, at) => row.sample(selects ? undefined : keys[at]!));
    for (const [at, id] of ids.entries()) {
      if (forced[at] !== undefined) ids[at] = forced[at];
      else if (id < 0) await this.#shaped.refuse(at, await this.raw(at));
    }
    return ids;
  }

  /** The logits after the stages, float32, [V]; -Infinity where a token was removed. The caller must not change them. */
  async logits(row: number): Promise<Float32Array> {
    return (await this.#rows())[row]!.logits;
  }

  /** softmax of the logits after the stages, float64, [V]. */
  async probabilities(row: number): Promise<Float64Array> {
    const { logits, candidates } = (await this.#rows())[row]!;
    return probabilities(logits, candidates);
  }

  /** log-softmax of the logits after the stages, float64, [V]. */
  async logProbabilities(row: number): Promise<Float64Array> {
    const { logits, candidates } = (await this.#rows())[row]!;
    return logProbabilities(logits, candidates);
  }

  /** The model's own logits, before any stage: a copy, float32, [V]. */
  async raw(row: number): Promise<Float32Array> {
    const { columns } = this.#result.logits;
    const all = await this.#readRaw();
    return all.slice(row * columns, (row + 1) * columns);
  }

  /** The model's logits without what it rules out itself: a copy, [V]. Undefined for models that rule nothing out. */
  async relaxed(row: number): Promise<Float32Array | undefined> {
    this.#check();
    const { relaxed } = this.#result;
    return relaxed && (await relaxed.read()).slice(row * relaxed.columns, (row + 1) * relaxed.columns);
  }

  /** The log-probabilities of a token and of the best ones: the model's own, or with mode 'processed' those after all stages. */
  async describe(row: number, id: number, options: DescribeOptions = {}): Promise<TokenScores> {
    const logits = options.mode === 'processed' ? await this.logits(row) : await this.raw(row);
    return describeToken(logits, id, options);
  }

  /**
   * The effect of each stage on a row, with `top` tokens listed after each. Runs the chain once more.
   *
   * @param history the node at which stages look up what they remember. Default: the row's.
   */
  async explain(row: number, top: number = 10, history?: History): Promise<Explanation> {
    const context = this.contexts[row]!;
    return explain(await this.raw(row), this.#stages, { ...context, history: history ?? context.history }, top);
  }

  /** The history of a row with `id` appended. Stateful stages learn how probable it was. */
  async extend(row: number, id: number): Promise<History> {
    this.#check();
    if (!this.#stages.some(receivesSampled)) return this.contexts[row]!.history.append(id);
    return (await this.#rows())[row]!.extend(id);
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#result.dispose();
  }

  #check(): void {
    if (this.#disposed) throw new DisposedError('Scores', 'ended with the next advance of their run');
  }

  get #shaped(): Shaping {
    this.#shaping ??= new Shaping(this.#result, this.contexts, this.#stages, this.#normalized, this.#setting);
    return this.#shaping;
  }

  /** The rows after all stages, on the host. */
  #rows(): Promise<readonly HostRow[]> {
    this.#check();
    return this.#shaped.rows(this.#raw);
  }

  #readRaw(): Promise<Float32Array> {
    this.#check();
    this.#raw ??= this.#result.logits.read();
    return this.#raw;
  }
}
