import { type History, type KVCache, type LanguageModel, ShapeError } from '@tokenwright/core';
import { advance, visibleSource, windowStart } from '@tokenwright/core/model';
import { checkInteger } from '@tokenwright/core/options';
import { probabilities, type RowContext, RunState } from '@tokenwright/core/sampling';
import type { Row, Run } from '@tokenwright/core/strategy';
import { sampleFrom, shapedRow } from '../shared/host-chain.ts';
import type { Draft, Drafting, DraftOptions } from './drafter.ts';

/** Drafts with a model, or with the first layers of one. */
export class ModelDrafting implements Drafting {
  readonly #model: LanguageModel;
  readonly #run: Run;
  readonly #options: DraftOptions;
  readonly #cache: KVCache;
  readonly #state: RunState = new RunState();
  readonly #layer: number | undefined;

  /** @param layer leave the model after this many layers. Default: pass all of them. */
  constructor(model: LanguageModel, run: Run, rows: readonly Row[], options: DraftOptions, layer?: number) {
    if (layer !== undefined) checkInteger('earlyExit', 'layer', layer, 0, model.layers);
    if (model.vocabSize !== run.model.vocabSize)
      throw new ShapeError(
        `The vocabulary of the draft model '${model.name}'`,
        [run.model.vocabSize],
        [model.vocabSize],
      );
    this.#model = model;
    this.#run = run;
    this.#options = options;
    this.#layer = layer;
    this.#cache = model.createCache({ rows: run.promptLengths.length });
    this.#cache.gather(rows.map(({ promptIndex }) => promptIndex));
  }

  async propose(rows: readonly Row[], lengths: readonly number[]): Promise<Draft[][]> {
    const drafts = rows.map((): Draft[] => []);
    const histories = rows.map(({ history }) => history);
    const open = (row: number): boolean => {
      const last = drafts[row]!.at(-1);
      if (drafts[row]!.length >= lengths[row]! || this.#run.interrupted !== undefined) return false;
      if (last === undefined) return true;
      return (
        !this.#run.options.eosTokenIds.includes(last.id) &&
        last.probabilities![last.id]! >= this.#options.confidenceThreshold
      );
    };
    for (;;) {
      const active = rows.flatMap((_, row) => (open(row) ? [row] : []));
      if (active.length === 0) return drafts;
      for (const [i, logits] of (await this.#logits(rows, histories, active)).entries()) {
        const at = active[i]!;
        const { history, ...draft } = this.#sample(logits, this.#context(rows[at]!, histories[at]!));
        drafts[at]!.push(draft);
        histories[at] = history;
      }
    }
  }

  gather(rows: readonly number[]): void {
    this.#cache.gather(rows);
  }

  dispose(): void {
    this.#cache.dispose();
  }

  async #logits(
    rows: readonly Row[],
    histories: readonly History[],
    active: readonly number[],
  ): Promise<Float32Array[]> {
    const { vocabSize } = this.#model;
    const wanted = histories.map((history, row) => (active.includes(row) ? this.#window(history.tokens) : undefined));
    this.#cache.notePrompts?.(
      rows.map(({ promptIndex }, row) =>
        Math.max(
          0,
          this.#run.promptLengths[promptIndex]! -
            (histories[row]!.length - (wanted[row] ?? histories[row]!.tokens).length),
        ),
      ),
    );
    const layer = this.#layer;
    const result = advance(this.#model, this.#cache, wanted, layer === undefined ? {} : { earlyExits: [layer] });
    try {
      const all = await (layer === undefined ? result.logits : result.earlyExits!.get(layer)!).read();
      return active.map((_, i) => all.slice(i * vocabSize, (i + 1) * vocabSize));
    } finally {
      result.dispose();
    }
  }

  #sample(logits: Float32Array, context: RowContext): Required<Draft> & { readonly history: History } {
    const { samplers } = this.#run;
    const { random, sequence, history } = context;
    const shaped = shapedRow(logits.slice(), context, samplers);
    const stage = this.#options.sharesRandomNumbers ? 'draw' : 'draft';
    const id = sampleFrom(shaped, random.key(sequence, history.length, stage), logits, samplers);
    return { id, probabilities: probabilities(shaped.logits, shaped.candidates), history: shaped.extend(id) };
  }

  /** What samplers receive: as in the run, except for the draft's own state and source. */
  #context(row: Row, history: History): RowContext {
    const { control: _, source: __, ...context } = this.#run.contextOf(row, history);
    const source = visibleSource(this.#model, row.promptIndex);
    return { ...context, state: this.#state, ...(source === undefined ? {} : { source }) };
  }

  /** The tokens that fit the context. When it is full, the older half is dropped. */
  #window(tokens: Int32Array): Int32Array {
    return tokens.subarray(windowStart(tokens.length, this.#model.contextLength));
  }
}
