import { decisiveStages, HostRow, type RowContext } from './chain.ts';
import { drawToken, largest, logProbabilities, logSumExp, probabilities, rankOf, topTokens } from './distribution.ts';
import { DisposedError, UnsupportedError } from './errors.ts';
import { type Explanation, explain } from './explain.ts';
import type { History } from './history.ts';
import type { ForwardResult } from './language-model.ts';
import type { RandomStage } from './random.ts';
import { type DeviceSampler, hasDeviceForm, hasHostForm, hasMaskForm, type Sampler } from './sampler.ts';

/** Where the logits are, and whether TF.js can work on them there. */
export interface ScoresSetting {
  readonly tensorBackend: string | undefined;
  readonly remote: boolean;
}

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

  /**
   * Draw a token for each row: [rows].
   * @throws EmptyDistributionError, InvalidLogitsError naming the stage, when a row has nothing to draw from.
   */
  async draw(stage: RandomStage = 'draw'): Promise<number[]> {
    const rows = await this.#evaluate();
    const selects = this.#stages.at(-1)?.algebra?.selectsArgMax === true;
    const ids: number[] = [];
    for (const [index, row] of rows.entries()) {
      const { random, sequence, history, steering } = row.context;
      const forced = steering?.force?.[0];
      if (forced !== undefined) {
        ids.push(forced);
        continue;
      }
      const id = selects
        ? largest(row.logits, row.survivors).id
        : drawToken(row.logits, random.uniform(sequence, history.length, stage), row.survivors);
      if (id < 0 || !(row.logits[id]! < Infinity)) await this.#refuse(index);
      ids.push(id);
    }
    return ids;
  }

  /** The logits after the stages, [V], -Infinity where a token was removed. The caller must not change them. */
  async logits(row: number): Promise<Float32Array> {
    return (await this.#evaluate())[row]!.logits;
  }

  /** softmax of the logits after the stages, [V], float64. */
  async probabilities(row: number): Promise<Float64Array> {
    const { logits, survivors } = (await this.#evaluate())[row]!;
    return probabilities(logits, survivors);
  }

  /** log-softmax of the logits after the stages, [V], float64. */
  async logProbabilities(row: number): Promise<Float64Array> {
    const { logits, survivors } = (await this.#evaluate())[row]!;
    return logProbabilities(logits, survivors);
  }

  /** The model's own logits, before any stage: a copy, [V]. */
  async raw(row: number): Promise<Float32Array> {
    const { columns } = this.#result.logits;
    const all = await this.#readRaw();
    return all.slice(row * columns, (row + 1) * columns);
  }

  /** What the model itself thought of a token, and of the best ones: before any stage, as log-probabilities. */
  async describe(row: number, id: number, { top = 0, ids = [] }: DescribeOptions = {}): Promise<TokenScores> {
    const { columns } = this.#result.logits;
    const logits = (await this.#readRaw()).subarray(row * columns, (row + 1) * columns);
    const normaliser = logSumExp(logits);
    const scored = (token: number): TokenLogprob => ({ id: token, logprob: logits[token]! - normaliser });
    return {
      logprob: logits[id]! - normaliser,
      rank: rankOf(logits, id),
      ...(top > 0 ? { top: Array.from(topTokens(logits, top), scored) } : {}),
      ...(ids.length > 0 ? { named: ids.map(scored) } : {}),
    };
  }

  /** What each stage did to a row; `top` tokens are listed after each. The chain runs once more for it. */
  async explain(row: number, top: number = 10): Promise<Explanation> {
    return explain(await this.raw(row), this.#stages, this.contexts[row]!, top);
  }

  /** The history of a row with `id` appended; stages that remember are told how probable it was. */
  async extend(row: number, id: number): Promise<History> {
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
    const { near, far } = this.#divide();
    const { columns } = this.#result.logits;
    const all = far.length === 0 ? await this.#readForEditing() : await this.#runOnDevice(far);
    return this.contexts.map((context, row) => {
      const hostRow = new HostRow(all.subarray(row * columns, (row + 1) * columns), context);
      remove(hostRow.logits, context.steering?.ban);
      for (const { sampler, index } of near) hostRow.apply(sampler, index);
      return hostRow;
    });
  }

  /**
   * The stages that run on the device, and those that follow on the host, so that data moves once: on the device as long as
   * each can and the logits are dear to read, or up to the last that has no other form.
   */
  #divide(): { readonly far: readonly Stage[]; readonly near: readonly Stage[] } {
    const stages = decisiveStages(this.#stages);
    let from = 0;
    // A ban comes before every stage, so then the chain runs on the host.
    const banned = this.contexts.some(({ steering }) => steering?.ban !== undefined);
    if (this.#setting.remote && this.#setting.tensorBackend !== undefined && !banned)
      while (from < stages.length && hasDeviceForm(stages[from]!.sampler)) from++;
    for (let i = stages.length - 1; i >= from; i--) {
      const { sampler } = stages[i]!;
      if (hasHostForm(sampler) || hasMaskForm(sampler)) continue;
      // A device-only stage after host stages: run everything up to it on the device, if that is possible.
      if (stages.slice(0, i).some((stage) => !hasDeviceForm(stage.sampler)))
        throw new UnsupportedError(
          `the device-only sampler '${sampler.name}' after stages that only have a host form`,
          'The sampler chain',
          'Put it first, or give it a host form.',
        );
      from = Math.max(from, i + 1);
    }
    return { far: stages.slice(0, from), near: stages.slice(from) };
  }

  async #readForEditing(): Promise<Float32Array> {
    return this.#raw === undefined ? this.#result.logits.read() : (await this.#raw).slice();
  }

  async #runOnDevice(stages: readonly Stage[]): Promise<Float32Array> {
    const { logits } = this.#result;
    if (this.#setting.tensorBackend === undefined || logits.map === undefined)
      throw new UnsupportedError(
        `the device form of '${stages[0]!.sampler.name}'`,
        'An engine without a TF.js backend',
      );
    const steps = stages.map(({ sampler, index }) => ({
      sampler: sampler as DeviceSampler,
      rows: this.contexts.map((context) => new HostRow(new Float32Array(0), context).step(index)),
    }));
    const shaped = logits.map((x) => steps.reduce((y, { sampler, rows }) => sampler.onDevice(y, { rows }), x));
    try {
      return await shaped.read();
    } finally {
      shaped.dispose();
    }
  }

  /** Run the chain again from the model's logits, one stage at a time, to name the stage that is to blame. */
  async #refuse(row: number): Promise<never> {
    const { near, far } = this.#divide();
    const { columns } = this.#result.logits;
    let retrace = new HostRow(await this.raw(row), this.contexts[row]!);
    if (!retrace.drawable) retrace.refuse('model');
    for (const [i, { sampler }] of far.entries()) {
      const all = await this.#runOnDevice(far.slice(0, i + 1));
      retrace = new HostRow(all.slice(row * columns, (row + 1) * columns), this.contexts[row]!);
      if (!retrace.drawable) retrace.refuse(sampler.name);
    }
    remove(retrace.logits, this.contexts[row]!.steering?.ban);
    if (!retrace.drawable) retrace.refuse('ban');
    for (const { sampler, index } of near) {
      retrace.apply(sampler, index);
      if (!retrace.drawable) retrace.refuse(sampler.name);
    }
    return retrace.refuse(this.#stages.at(-1)?.name ?? 'model');
  }
}

function remove(logits: Float32Array, ids: readonly number[] = []): void {
  for (const id of ids) logits[id] = -Infinity;
}

/** A sampler with its place in the chain. */
interface Stage {
  readonly sampler: Sampler;
  readonly index: number;
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
