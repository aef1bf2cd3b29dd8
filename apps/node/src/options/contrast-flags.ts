import {
  classifierFreeGuidance,
  combine,
  contextAware,
  contrastiveLi,
  contrastiveLogits,
  dola,
  type OtherSource,
  type Rule,
} from '@tokenwright/contrastive';
import { encodePrompt, type LanguageModel, type Tokenizer } from '@tokenwright/core';
import type { Flag, Given } from '../cli/command.ts';
import { misuse } from '../cli/failure.ts';
import { asValue, readOptions } from './read-options.ts';
import { nameAndOptions } from './strategy-flags.ts';

/** Rules that weigh a model against another source. */
export const ruleTable: Readonly<Record<string, (options: never) => Rule>> = {
  'contrastive-li': contrastiveLi,
  'contrastive-logits': contrastiveLogits,
  dola,
  'classifier-free-guidance': classifierFreeGuidance,
  'context-aware': contextAware,
};

const group = 'Contrast';

export const contrastFlags: readonly Flag[] = [
  {
    name: 'contrast',
    value: 'RULE',
    help: `Weigh the model against another source: ${[
      'contrastive-logits,beta=0.5,alpha=0.1',
      'contrastive-li,alpha=0.1',
      'dola,dola-layers=low',
      'classifier-free-guidance,guidance-scale=1.5',
      'context-aware,alpha=0.5',
    ].join('; ')}.`,
    group,
    choices: Object.keys(ruleTable),
  },
  {
    name: 'amateur',
    value: 'MODEL',
    help: 'The other source: a weaker model with the same vocabulary, such as story-amateur. Default: the model itself.',
    group,
    choices: ['story-amateur'],
  },
  {
    name: 'other-prompt',
    value: 'TEXT',
    help: 'What the other source reads instead of the prompt: the text to steer away from.',
    group,
  },
];

/** 'alpha=0.1'. Rules declare no kinds, so values are read by their spelling. */
function rule(text: string): Record<string, unknown> {
  const given = text === '' ? {} : readOptions('contrast', {}, text, (_, value) => value, false);
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [name, asValue('contrast', value)]));
}

/** The model of the flags: alone, or weighed against another source. */
export function contrasted(
  given: Given,
  expert: LanguageModel,
  amateur: LanguageModel | undefined,
  tokenizer: Tokenizer,
): LanguageModel {
  const text = given.text('contrast') ?? (amateur === undefined ? undefined : 'contrastive-logits');
  const prompt = given.text('other-prompt');
  if (text === undefined) {
    if (prompt !== undefined) throw misuse('--other-prompt goes with --contrast.');
    return expert;
  }
  const { name, options } = nameAndOptions(text);
  const make = Object.hasOwn(ruleTable, name) ? ruleTable[name] : undefined;
  if (make === undefined)
    throw misuse(`--contrast must be one of ${Object.keys(ruleTable).join(', ')}, but '${name}' was given.`);
  const other: OtherSource = {
    ...(amateur === undefined ? {} : { model: amateur }),
    ...(prompt === undefined ? {} : { prompt: encodePrompt(tokenizer, prompt) }),
  };
  const others = Object.keys(other).length === 0 ? [] : [other];
  if (others.length === 0 && name !== 'dola') throw misuse(`--contrast ${name} needs --amateur or --other-prompt.`);
  return combine({ expert, others, rule: (make as (options: object) => Rule)(rule(options)) });
}
