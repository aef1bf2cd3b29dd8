import { type LanguageModel, ParameterError, ShapeError } from '@tokenwright/core';
import { isBatch } from '@tokenwright/core/model';
import { checkInteger, checkNumber, checkOptionNames } from '@tokenwright/core/options';

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
  /** Divides its logits; above 0. Default 1. */
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

/** Check a source and fill in its defaults. `total` is the sum of all weights. */
export function resolved(expert: LanguageModel, source: OtherSource, total: number): Source {
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
