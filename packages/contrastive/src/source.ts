import { type LanguageModel, ShapeError } from '@tokenwright/core';
import { isBatch } from '@tokenwright/core/model';
import {
  checkIds,
  checkInteger,
  checkList,
  checkModel,
  checkNumber,
  checkString,
  readOptions,
} from '@tokenwright/core/options';

/** A source besides the expert. Without options, it would be the expert itself. */
export interface OtherSource {
  /** Default: the expert, which then needs another prompt, a shorter context or an early exit. */
  readonly model?: LanguageModel;
  /** For reports. Default: made of the model's name and its options here. */
  readonly name?: string;
  /**
   * What it reads instead of the prompt, followed by the generated tokens: ids, a list of ids per prompt of the batch, or the last token
   * of the prompt. Default: the prompt.
   */
  readonly prompt?: ArrayLike<number> | readonly ArrayLike<number>[] | 'last-token';
  /** How many of the last tokens it sees, at least 1. They are computed again for each token. Default: all that fit its context. */
  readonly contextWindow?: number;
  /** Divides its logits; at least 0.000001. Default 1. */
  readonly temperature?: number;
  /** Its weight among the other sources, above 0. Default 1. */
  readonly weight?: number;
  /** Number of layers after which its logits are taken (0 = the embeddings). Default: all layers. */
  readonly layer?: number;
}

/** A source with defaults filled in. */
export interface Source {
  readonly name: string;
  readonly model: LanguageModel;
  readonly prompt: OtherSource['prompt'];
  readonly contextWindow: number | undefined;
  readonly temperature: number;
  readonly weight: number;
  readonly layer: number | undefined;
  /** Whether its logits come from the expert's own forward pass. */
  readonly shared: boolean;
}

const names = ['model', 'name', 'prompt', 'contextWindow', 'temperature', 'weight', 'layer'];

/**
 * A source that a caller gave, as a copy.
 *
 * @param at index among the other sources, for errors.
 * @throws UnknownOptionError, ParameterError; ShapeError for another vocabulary.
 */
export function checkSource(given: OtherSource, at: number, expert: LanguageModel): OtherSource {
  const owner = `combine: others[${at}]`;
  const source = readOptions(owner, given, names, 'others');
  const { model = expert, name, contextWindow, temperature, weight, layer } = source;
  checkModel(owner, model);
  if (model.vocabSize !== expert.vocabSize)
    throw new ShapeError(`combine: the vocabulary of ${model.name}`, [expert.vocabSize], [model.vocabSize]);
  const positive = (value: number): boolean => value > 0;
  if (name !== undefined) checkString(owner, 'name', name);
  if (contextWindow !== undefined) checkInteger(owner, 'contextWindow', contextWindow, 1, model.contextLength);
  if (layer !== undefined) checkInteger(owner, 'layer', layer, 0, model.layers);
  if (temperature !== undefined)
    checkNumber(owner, 'temperature', temperature, 'a number of at least 0.000001', (value) => value >= 1e-6);
  if (weight !== undefined) checkNumber(owner, 'weight', weight, 'a number above 0', positive);
  const { prompt: _, ...rest } = source;
  return source.prompt === undefined ? rest : { ...rest, prompt: checkPrompt(owner, source.prompt, model) };
}

/** A checked source with its defaults. `total` is the sum of all weights. */
export function resolved(expert: LanguageModel, source: OtherSource, total: number): Source {
  const { model = expert, prompt, contextWindow, temperature = 1, weight = 1, layer } = source;
  const shared = model === expert && prompt === undefined && contextWindow === undefined;
  const special = [
    ...(prompt === undefined ? [] : ['own prompt']),
    ...(contextWindow === undefined ? [] : [`last ${contextWindow}`]),
    ...(layer === undefined ? [] : [`layer ${layer}`]),
  ];
  const name = source.name ?? (special.length === 0 ? model.name : `${model.name} (${special.join(', ')})`);
  return { name, model, prompt, contextWindow, temperature, weight: weight / total, layer, shared };
}

/** Everything besides the model that a source's logits depend on, as text. */
export function settingsOf({ prompt, contextWindow, temperature, weight, layer }: Source): string {
  const ids =
    prompt === undefined || typeof prompt === 'string'
      ? prompt
      : isBatch(prompt)
        ? prompt.map((row) => Array.from(row))
        : Array.from(prompt);
  return JSON.stringify({ prompt: ids, contextWindow, temperature, weight, layer });
}

function checkPrompt(owner: string, prompt: unknown, { vocabSize }: LanguageModel): NonNullable<OtherSource['prompt']> {
  if (prompt === 'last-token') return prompt;
  const allowed = "'last-token', ids, or a list of ids for each prompt, none of them empty";
  const list = checkList(owner, 'prompt', prompt, allowed, { least: 1 });
  if (typeof list[0] === 'number') return checkIds(owner, 'prompt', list, vocabSize, 1);
  const item = (ids: unknown, at: number): readonly number[] => checkIds(owner, `prompt[${at}]`, ids, vocabSize, 1);
  return checkList(owner, 'prompt', list, allowed, { item });
}
