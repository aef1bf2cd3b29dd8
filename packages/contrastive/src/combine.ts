import {
  advance,
  CacheError,
  type CacheOptions,
  checkInteger,
  checkNumber,
  checkOptionNames,
  type EngineMatrix,
  type ForwardOptions,
  type ForwardResult,
  type KVCache,
  type LanguageModel,
  type ModelDefaults,
  ParameterError,
  ShapeError,
} from '@tokenwright/core';
import { CombinedResult } from './combined-result.ts';
import { CompositeCache, readParts } from './composite-cache.ts';
import { PickedRows } from './matrices.ts';
import type { Rule } from './rule.ts';

export interface CombineOptions {
  /** The model that speaks; prompts, context and defaults are its own. */
  readonly expert: LanguageModel;
  /** What it is weighed against. May be empty when the rule brings its own sources. Default []. */
  readonly others?: readonly OtherSource[];
  readonly rule: Rule;
}

/** A source besides the expert. */
export interface OtherSource {
  /** Default the expert itself: with another prompt, a shorter context, or an early exit. */
  readonly model?: LanguageModel;
  /** For readouts. Default made of the model's name and what is special. */
  readonly name?: string;
  /**
   * What it reads in place of the prompt, after which it receives only the generated tokens: ids, or a list for each prompt of the batch,
   * or the last token of the prompt. Default: the prompt.
   */
  readonly prompt?: ArrayLike<number> | readonly ArrayLike<number>[] | 'last-token';
  /** How many of the last tokens it sees, at least 1. They are read anew for each token. Default: all that fit its context. */
  readonly contextWindow?: number;
  /** Its logits are divided by this, more than 0. Default 1. */
  readonly temperature?: number;
  /** How much it counts among the others. Default 1, so that all count the same. */
  readonly weight?: number;
  /** Its logits are those of an early exit after so many layers (0 = the embeddings). Default: all layers. */
  readonly layer?: number;
}

/**
 * Several sources weighed against each other, as one language model: every sampler and every strategy applies to it. Each source has a
 * cache of its own, all in step, whatever is rewound, gathered or forked. A source whose context is shorter than the rows forgets its
 * older half when it is full, so that it goes on as long as the expert does.
 *
 * The logits are combined on the host when they are read. `ForwardResult.parts` has those of each source; `influence` tells how much
 * each moved the choice. The sources belong to the caller: disposing the combination leaves them as they are.
 *
 * @throws ShapeError when a vocabulary differs from the expert's; ParameterError, UnknownOptionError.
 */
export function combine(options: CombineOptions): LanguageModel {
  checkOptionNames('combine', options, ['expert', 'others', 'rule']);
  const { expert, others = [], rule } = options;
  const exits = rule.layers?.(expert).map((layer): OtherSource => ({ layer, name: `layer ${layer}` })) ?? [];
  const sources = [...others, ...exits];
  if (sources.length === 0)
    throw new ParameterError('combine', 'others', `given, as ${rule.name} has none of its own`, others);
  const total = sources.reduce((sum, { weight = 1 }) => sum + weight, 0);
  return new CombinedModel(
    expert,
    sources.map((source) => resolved(expert, source, total)),
    rule,
  );
}

/** A source with everything filled in. */
interface Source {
  readonly name: string;
  readonly model: LanguageModel;
  readonly prompt: OtherSource['prompt'];
  readonly contextWindow: number | undefined;
  readonly temperature: number;
  readonly weight: number;
  readonly layer: number | undefined;
  /** Its logits come out of the expert's own forward pass. */
  readonly shared: boolean;
}

class CombinedModel implements LanguageModel {
  readonly name: string;
  readonly vocabSize: number;
  readonly contextLength: number;
  readonly layers: number;
  readonly maxTokens: number;
  readonly fingerprint: string;
  readonly tensorBackend = undefined;
  readonly remote: boolean = false;
  readonly defaults: ModelDefaults;
  readonly sources?: readonly (readonly number[])[];
  readonly #expert: LanguageModel;
  readonly #others: readonly Source[];
  /** The others that need a forward pass, and so a cache, of their own. */
  readonly #apart: readonly Source[];
  readonly #rule: Rule;

  constructor(expert: LanguageModel, others: readonly Source[], rule: Rule) {
    this.#expert = expert;
    this.#others = others;
    this.#apart = others.filter(({ shared }) => !shared);
    this.#rule = rule;
    this.name = `${rule.name} of ${expert.name} and ${others.map(({ name }) => name).join(', ')}`;
    this.vocabSize = expert.vocabSize;
    this.contextLength = expert.contextLength;
    this.layers = expert.layers;
    this.maxTokens = Math.min(expert.maxTokens, ...this.#apart.map(({ model }) => model.maxTokens));
    this.fingerprint = [expert, ...this.#apart.map(({ model }) => model)].map((model) => model.fingerprint).join(' + ');
    this.defaults = expert.defaults;
    if (expert.sources !== undefined) this.sources = expert.sources;
  }

  createCache(options: CacheOptions = {}): KVCache {
    const expert = this.#expert.createCache(options);
    const others: KVCache[] = [];
    try {
      for (const { model } of this.#apart) others.push(model.createCache({ ...options, rows: expert.rows }));
      return new CompositeCache(this, expert, others);
    } catch (error) {
      for (const cache of [expert, ...others]) cache.dispose();
      throw error;
    }
  }

  restoreCache(bytes: Uint8Array): KVCache {
    const { origins, promptLengths, caches } = readParts(bytes, 1 + this.#apart.length);
    const restored: KVCache[] = [];
    try {
      for (const [i, part] of caches.entries())
        restored.push((i === 0 ? this.#expert : this.#apart[i - 1]!.model).restoreCache(part));
      return new CompositeCache(this, restored[0]!, restored.slice(1), origins, promptLengths);
    } catch (error) {
      for (const cache of restored) cache.dispose();
      throw error;
    }
  }

  forward(tokens: readonly ArrayLike<number>[], cache: KVCache, options: ForwardOptions = {}): ForwardResult {
    checkOptionNames('forward', options, ['scored', 'hidden', 'layers']);
    if (!(cache instanceof CompositeCache) || cache.owner !== this)
      throw new CacheError(`The cache was not made by the model '${this.name}' that it is given to.`);
    const exits = this.#others.flatMap(({ shared, layer }) => (shared && layer !== undefined ? [layer] : []));
    const layers = [...new Set([...(options.layers ?? []), ...exits])];
    const lengths = cache.lengths;
    const expert = this.#expert.forward(tokens, cache.expert, { ...options, ...(layers.length > 0 ? { layers } : {}) });
    const own: EngineMatrix[] = [];
    try {
      const scored = positionsOf(expert, cache.expert);
      const parts = this.#others.map((source) => {
        if (source.shared) return source.layer === undefined ? expert.logits : expert.layers!.get(source.layer)!;
        const matrix = follow(source, cache.others[this.#apart.indexOf(source)]!, cache, scored);
        own.push(matrix);
        return matrix;
      });
      return new CombinedResult(expert, this.#others, parts, own, this.#rule);
    } catch (error) {
      for (const matrix of own) matrix.dispose();
      expert.dispose();
      cache.truncate(lengths);
      throw error;
    }
  }

  /** The sources belong to the caller. */
  dispose(): void {}
}

/** A scored position: the logits after the first `length` tokens of a row. */
interface Position {
  readonly row: number;
  readonly length: number;
}

function positionsOf({ scored }: ForwardResult, { lengths }: KVCache): Position[] {
  return scored.flatMap((count, row) =>
    Array.from({ length: count }, (_, i) => ({ row, length: lengths[row]! - count + 1 + i })),
  );
}

/**
 * Bring the cache of a source to what it is to see, and give its logits for the scored positions. Positions of a row that see the same
 * beginning are scored in one pass; a window that moves needs one for each.
 */
function follow(source: Source, cache: KVCache, rows: CompositeCache, scored: readonly Position[]): EngineMatrix {
  const views = scored.map(({ row, length }) => ({ row, seen: seenBy(source, rows, row, length) }));
  const passes: { readonly row: number; readonly seen: Int32Array; readonly at: number }[][] = [];
  for (const [at, { row, seen }] of views.entries()) {
    const pass = passes.find((pass) => pass.every((other) => other.row !== row || isPrefix(other.seen, seen)));
    if (pass === undefined) passes.push([{ row, seen, at }]);
    else pass.push({ row, seen, at });
  }
  const results: ForwardResult[] = [];
  const picks = new Array<{ from: EngineMatrix; row: number }>(scored.length);
  try {
    for (const pass of passes) {
      const wanted = Array.from({ length: cache.rows }, (_, row) => pass.findLast((view) => view.row === row)?.seen);
      const count = Math.max(...pass.map(({ row, seen }) => wanted[row]!.length - seen.length + 1));
      const result = advance(source.model, cache, wanted, {
        scored: count,
        ...(source.layer === undefined ? {} : { layers: [source.layer] }),
      });
      results.push(result);
      const from = source.layer === undefined ? result.logits : result.layers!.get(source.layer)!;
      const ends = result.scored.map((_, row) => result.scored.slice(0, row + 1).reduce((sum, n) => sum + n, 0));
      for (const { row, seen, at } of pass)
        picks[at] = { from, row: ends[row]! - 1 - (wanted[row]!.length - seen.length) };
    }
  } catch (error) {
    for (const result of results) result.dispose();
    throw error;
  }
  return new PickedRows(picks, source.model.vocabSize, results);
}

/** What a source sees of the first `length` tokens of a row. */
function seenBy(source: Source, rows: CompositeCache, row: number, length: number): Int32Array {
  const tokens = rows.tokens(row).subarray(0, length);
  const all = source.prompt === undefined ? tokens : withPrompt(source.prompt, tokens, rows, row);
  if (source.contextWindow !== undefined) return all.subarray(Math.max(0, all.length - source.contextWindow));
  const { contextLength } = source.model;
  if (all.length <= contextLength) return all;
  const half = Math.ceil(contextLength / 2);
  return all.subarray(Math.ceil((all.length - contextLength) / half) * half);
}

function withPrompt(
  prompt: NonNullable<OtherSource['prompt']>,
  tokens: Int32Array,
  rows: CompositeCache,
  row: number,
): Int32Array {
  const promptLength = rows.promptLengths[row]!;
  if (prompt === 'last-token') return tokens.subarray(Math.min(tokens.length, Math.max(promptLength, 1)) - 1);
  const ids = isBatch(prompt) ? prompt[rows.origins[row]!] : prompt;
  if (ids === undefined)
    throw new ParameterError(
      'combine',
      'prompt',
      `a list of ids for each of the ${rows.origins[row]! + 1} or more prompts`,
      prompt,
    );
  const generated = tokens.subarray(Math.min(tokens.length, promptLength));
  const seen = new Int32Array(ids.length + generated.length);
  seen.set(ids);
  seen.set(generated, ids.length);
  return seen;
}

function resolved(expert: LanguageModel, source: OtherSource, total: number): Source {
  checkOptionNames('combine: others', source, [
    'model',
    'name',
    'prompt',
    'contextWindow',
    'temperature',
    'weight',
    'layer',
  ]);
  const { model = expert, prompt, contextWindow, temperature = 1, weight = 1, layer } = source;
  if (model.vocabSize !== expert.vocabSize)
    throw new ShapeError(`combine: the vocabulary of ${model.name}`, [expert.vocabSize], [model.vocabSize]);
  if (contextWindow !== undefined) checkInteger('combine', 'contextWindow', contextWindow, 1, model.contextLength);
  if (layer !== undefined) checkInteger('combine', 'layer', layer, 0, model.layers);
  const positive = (value: number): boolean => value > 0;
  checkNumber('combine', 'temperature', temperature, 'a number above 0', positive);
  checkNumber('combine', 'weight', weight, 'a number above 0', positive);
  checkPrompt(prompt, model);
  const shared = model === expert && prompt === undefined && contextWindow === undefined;
  const special = [
    ...(prompt === undefined ? [] : ['own prompt']),
    ...(contextWindow === undefined ? [] : [`last ${contextWindow}`]),
    ...(layer === undefined ? [] : [`layer ${layer}`]),
  ];
  const name = source.name ?? (special.length === 0 ? model.name : `${model.name} (${special.join(', ')})`);
  return { name, model, prompt, contextWindow, temperature, weight: weight / total, layer, shared };
}

function checkPrompt(prompt: OtherSource['prompt'], { vocabSize }: LanguageModel): void {
  if (prompt === undefined || prompt === 'last-token') return;
  for (const ids of isBatch(prompt) ? prompt : [prompt]) {
    if (typeof ids === 'string' || !(ids.length > 0))
      throw new ParameterError(
        'combine',
        'prompt',
        "'last-token', ids, or a list of ids for each prompt, none of them empty",
        prompt,
      );
    for (let i = 0; i < ids.length; i++) checkInteger('combine', 'prompt', ids[i], 0, vocabSize - 1);
  }
}

function isBatch(
  prompt: Exclude<OtherSource['prompt'], 'last-token' | undefined>,
): prompt is readonly ArrayLike<number>[] {
  return prompt.length > 0 && typeof prompt[0] !== 'number';
}

function isPrefix(beginning: Int32Array, all: Int32Array): boolean {
  return beginning.length <= all.length && beginning.every((id, i) => all[i] === id);
}
