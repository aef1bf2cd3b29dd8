import {
  CacheError,
  type CacheOptions,
  type KVCache,
  type LanguageModel,
  type ModelDefaults,
  ParameterError,
} from '@tokenwright/core';
import type { EngineMatrix } from '@tokenwright/core/engine';
import type { ForwardOptions, ForwardResult } from '@tokenwright/core/model';
import { checkList, checkModel, checkOptionNames, readable, readOptions } from '@tokenwright/core/options';
import { readCombined } from './combined-cache-bytes.ts';
import { CombinedResult } from './combined-result.ts';
import { CompositeCache } from './composite-cache.ts';
import { follow, positionsOf } from './follow.ts';
import type { Rule } from './rule.ts';
import { checkSource, type OtherSource, resolved, type Source, settingsOf } from './source.ts';

export interface CombineOptions {
  /** The main model. Prompts, context length and defaults are its own. */
  readonly expert: LanguageModel;
  /** The sources it is combined with. May be empty when the rule adds early exits. Default []. */
  readonly others?: readonly OtherSource[];
  readonly rule: Rule;
}

/**
 * Combine several sources into one language model, to which every sampler and every strategy applies. Each source has its own cache,
 * which follows every rewind, gather and fork. A source with a shorter context than the expert's forgets its older half when it is full.
 *
 * When a call's samplers remove every token that the rule finds plausible (a grammar, a minimum length), the next token comes from the
 * expert's own logits.
 *
 * The logits are combined on the host when they are read. `ForwardResult.parts` has the logits of each source; `influence` reports how
 * much each changed the choice. The sources belong to the caller: disposing the combined model does not dispose them.
 *
 * @throws ShapeError when a vocabulary differs from the expert's; ParameterError, UnknownOptionError.
 * @example
 * ```ts
 * const model = combine({ expert, others: [{ model: amateur }], rule: contrastiveLogits({ beta: 0.5 }) });
 * const { ids } = await generate(model, prompt, { seed: 7 }).result();
 * ```
 */
export function combine(options: CombineOptions): LanguageModel {
  const { expert, others: given = [], rule } = readOptions('combine', options, ['expert', 'others', 'rule']);
  checkModel('combine', expert, 'expert');
  checkRule(rule);
  const item = (source: unknown, at: number): OtherSource => checkSource(source as OtherSource, at, expert);
  const others = checkList('combine', 'others', given, 'a list of sources', { item });
  const exits = rule.earlyExits?.(expert).map((layer): OtherSource => ({ layer, name: `layer ${layer}` })) ?? [];
  const sources = [...others, ...exits];
  if (sources.length === 0)
    throw new ParameterError('combine', 'others', `at least one source, as ${rule.name} adds none itself`, others);
  const total = sources.reduce((sum, { weight = 1 }) => sum + weight, 0);
  return new CombinedModel(
    expert,
    sources.map((source) => resolved(expert, source, total)),
    rule,
  );
}

/** @throws ParameterError for anything but a rule; it says so when the factory was not called. */
function checkRule(rule: unknown): void {
  readable('combine', 'rule', rule, () => {
    const { name, combine: work, earlyExits } = (rule ?? {}) as Partial<Rule>;
    const isRule = typeof rule === 'object' && typeof name === 'string' && typeof work === 'function';
    if (isRule && (earlyExits === undefined || typeof earlyExits === 'function')) return;
    const hint = typeof rule === 'function' ? ' (call the factory, as in contrastiveLogits())' : '';
    throw new ParameterError('combine', 'rule', `a rule: an object with a name and combine${hint}`, rule);
  });
}

class CombinedModel implements LanguageModel {
  readonly name: string;
  readonly vocabSize: number;
  readonly contextLength: number;
  readonly layers: number;
  readonly maxTokens: number;
  readonly fingerprint: string;
  readonly tensorBackend = undefined;
  readonly readbackIsExpensive: boolean = false;
  readonly defaults: ModelDefaults;
  readonly sources?: readonly (readonly number[])[];
  readonly separateVocabularies: boolean;
  readonly #expert: LanguageModel;
  readonly #others: readonly Source[];
  /** The sources that need their own forward pass and cache. */
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
    this.fingerprint = [
      expert.fingerprint,
      JSON.stringify([rule.name, rule.parameters]),
      ...others.map((source) => `${source.model.fingerprint} ${settingsOf(source)}`),
    ].join(' + ');
    this.defaults = expert.defaults;
    this.separateVocabularies = expert.separateVocabularies ?? false;
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
    const { origins, promptLengths, caches } = readCombined(bytes, 1 + this.#apart.length);
    const restored: KVCache[] = [];
    try {
      for (const [i, part] of caches.entries())
        restored.push((i === 0 ? this.#expert : this.#apart[i - 1]!.model).restoreCache(part));
      const rows = restored[0]!.rows;
      if (
        [origins.length, promptLengths.length, ...restored.map((cache) => cache.rows)].some((count) => count !== rows)
      )
        throw new CacheError('The parts of the serialized cache have different numbers of rows.');
      return new CompositeCache(this, restored[0]!, restored.slice(1), origins, promptLengths);
    } catch (error) {
      for (const cache of restored) cache.dispose();
      throw error;
    }
  }

  owns(cache: KVCache): cache is CompositeCache {
    return cache instanceof CompositeCache && cache.owner === this;
  }

  forward(tokens: readonly ArrayLike<number>[], cache: KVCache, options: ForwardOptions = {}): ForwardResult {
    checkOptionNames('forward', options, ['scored', 'hidden', 'earlyExits']);
    if (!this.owns(cache))
      throw new CacheError(`The cache was not made by the model '${this.name}' that it is given to.`);
    const exits = this.#others.flatMap(({ shared, layer }) => (shared && layer !== undefined ? [layer] : []));
    const layers = [...new Set([...(options.earlyExits ?? []), ...exits])];
    const lengths = cache.lengths;
    const expert = this.#expert.forward(tokens, cache.expert, {
      ...options,
      ...(layers.length > 0 ? { earlyExits: layers } : {}),
    });
    const own: EngineMatrix[] = [];
    try {
      const scored = positionsOf(expert, cache.expert);
      const parts = this.#others.map((source) => {
        if (source.shared) return source.layer === undefined ? expert.logits : expert.earlyExits!.get(source.layer)!;
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

  [Symbol.dispose](): void {
    this.dispose();
  }
}
