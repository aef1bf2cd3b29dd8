import type { DrawKey } from '../../draw/race.ts';
import type { EngineMatrix } from '../../engine/engine.ts';
import type { ForwardResult } from '../../model/language-model.ts';
import { isEmptyRow, logProbabilities } from '../distribution.ts';
import type { Sampler } from '../sampler.ts';
import { blameStage } from './blame-stage.ts';
import { type DividedChain, divideChain, type ScoresSetting, type Stage, shapeOnDevice } from './device-stages.ts';
import { HostRow } from './host-row.ts';
import type { RowContext } from './row-context.ts';
import { decisiveStages } from './stages.ts';

/**
 * Runs a chain over the logits of some rows: the leading stages where the logits are, as far as that saves a readback, and the
 * rest on the host. Each result is computed once.
 */
export class Shaping {
  readonly #result: ForwardResult;
  readonly #contexts: readonly RowContext[];
  readonly #stages: readonly Sampler[];
  readonly #normalized: boolean;
  readonly #setting: ScoresSetting;
  #rows: Promise<readonly HostRow[]> | undefined;

  constructor(
    result: ForwardResult,
    contexts: readonly RowContext[],
    stages: readonly Sampler[],
    normalized: boolean,
    setting: ScoresSetting,
  ) {
    this.#result = result;
    this.#contexts = contexts;
    this.#stages = stages;
    this.#normalized = normalized;
    this.#setting = setting;
  }

  /**
   * The rows after all stages, on the host.
   *
   * @param raw the model's logits, if they were read already.
   */
  rows(raw: Promise<Float32Array> | undefined): Promise<readonly HostRow[]> {
    this.#rows ??= this.#run(raw);
    return this.#rows;
  }

  async #run(raw: Promise<Float32Array> | undefined): Promise<readonly HostRow[]> {
    const { far, near } = this.#divide();
    const rows = await this.#onDevice(far, (logits) => this.#read(near[0]?.sampler, logits, raw));
    for (const row of rows) this.#applyTo(row, near);
    // A row of which the chain and the model's own rules leave nothing starts again without those rules.
    const { relaxed } = this.#result;
    if (relaxed === undefined || !rows.some(({ logits }) => isEmptyRow(logits))) return rows;
    const all = await relaxed.read();
    return rows.map((row, at) => {
      if (!isEmptyRow(row.logits)) return row;
      const again = new HostRow(rowOf(all, at, relaxed.columns).slice(), row.context);
      this.#applyTo(again, decisiveStages(this.#stages));
      return again;
    });
  }

  #applyTo(row: HostRow, stages: readonly Stage[]): void {
    row.remove(row.context.control?.ban);
    if (this.#normalized) row.logits.set(logProbabilities(row.logits));
    for (const { sampler, index } of stages) row.apply(sampler, index);
  }

  /** Read the rows as the first stage on the host needs them: whole, or only their largest logits. */
  async #read(
    first: Sampler | undefined,
    logits: EngineMatrix,
    raw: Promise<Float32Array> | undefined,
  ): Promise<HostRow[]> {
    const { columns } = logits;
    const reads =
      first?.traits?.stateful === true || this.#startsOnHost ? Infinity : (first?.kernel?.reads ?? Infinity);
    if (this.#setting.readbackIsExpensive && logits.top !== undefined && reads < columns) {
      const rows = await logits.top(reads, []);
      // Only the whole of a broken row says what is wrong with it.
      if (rows.every(({ logSumExp }) => Number.isFinite(logSumExp)))
        return rows.map(({ ids, values }, at) => HostRow.ofListed(ids, values, this.#contexts[at]!));
    }
    const known = logits === this.#result.logits ? raw : undefined;
    const all = known === undefined ? await logits.read() : (await known).slice();
    return this.#contexts.map((context, at) => new HostRow(rowOf(all, at, columns), context));
  }

  /**
   * Choose a token per row on the device: draw with these keys, or without any the largest. [rows], -1 where there is none.
   * Undefined when the chain cannot run there, or when reading the rows is as fast.
   */
  async choose(keys: readonly DrawKey[] | undefined): Promise<number[] | undefined> {
    const { logits, relaxed } = this.#result;
    if (!this.#setting.readbackIsExpensive || this.#startsOnHost || relaxed !== undefined || this.#rows !== undefined)
      return undefined;
    const { far, near } = this.#divide(true);
    if (near.length > 0 || logits.choose === undefined || logits.columns < smallestRemoteChoice) return undefined;
    // The last stage of a selection is the choice itself.
    const stages = keys === undefined ? far.slice(0, -1) : far;
    return this.#onDevice(stages, async (shaped) => [...(await this.#chooseFrom(shaped, keys))]);
  }

  /** Choose, and let the next step begin while the choice is on its way. */
  async #chooseFrom(logits: EngineMatrix, keys: readonly DrawKey[] | undefined): Promise<Int32Array> {
    const { onChoice } = this.#setting;
    if (onChoice === undefined || logits.chooseAhead === undefined) return logits.choose!(keys);
    const choice = logits.chooseAhead(keys);
    try {
      onChoice(choice);
      return await choice.read();
    } finally {
      choice.dispose();
    }
  }

  /** Throw the typed error for the stage that spoiled a row. */
  refuse(at: number, raw: Float32Array): Promise<never> {
    const { near, far } = this.#divide();
    const shape = (stages: readonly Stage[]) => this.#onDevice(stages, (logits) => logits.read());
    return blameStage(new HostRow(raw, this.#contexts[at]!), {
      far,
      near,
      readAfter: async (stages) => rowOf(await shape(stages), at, raw.length),
      normalized: this.#normalized,
      last: this.#stages.at(-1)?.name ?? 'model',
    });
  }

  /** True when whole rows must change before the first stage. */
  get #startsOnHost(): boolean {
    return this.#normalized || this.#contexts.some(({ control }) => control?.ban !== undefined);
  }

  #divide(selects = false): DividedChain {
    return divideChain(decisiveStages(this.#stages), this.#result.logits, this.#setting, this.#startsOnHost, selects);
  }

  /** Pass the logits after these stages to `work`, and dispose them afterwards. */
  async #onDevice<Result>(stages: readonly Stage[], work: (logits: EngineMatrix) => Promise<Result>): Promise<Result> {
    const { logits } = this.#result;
    if (stages.length === 0) return work(logits);
    const shaped = shapeOnDevice(logits, stages, this.#contexts, this.#setting);
    try {
      return await work(shaped);
    } finally {
      shaped.dispose();
    }
  }
}

/** Below this vocabulary size a whole row is read as fast as a choice: the round trip costs more than 16 KB. */
const smallestRemoteChoice = 4096;

function rowOf(all: Float32Array, row: number, columns: number): Float32Array {
  return all.subarray(row * columns, (row + 1) * columns);
}
