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
import type { LanguageModel, Tokenizer } from '@tokenwright/core';
import type { Flag, Given } from '../cli/command.ts';
import { misuse } from '../cli/failure.ts';
import { namedWithParameters } from './strategy-flags.ts';

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
      'dola,dolaLayers=low',
      'classifier-free-guidance,guidanceScale=1.5',
      'context-aware,alpha=0.5',
    ].join('; ')}.`,
    group,
    choices: Object.keys(ruleTable),
  },
  {
    name: 'amateur',
    value: 'MODEL',
    help: 'The other source: a weaker model of the same vocabulary, such as story-amateur. Default: the model itself.',
    group,
    choices: ['story-amateur'],
  },
  {
    name: 'other-prompt',
    value: 'TEXT',
    help: 'What the other source reads instead of the prompt: what to lead away from.',
    group,
  },
];

/** The model of the flags: itself, or weighed against another source. */
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
  const { name, parameters } = namedWithParameters('contrast', text);
  const make = Object.hasOwn(ruleTable, name) ? ruleTable[name] : undefined;
  if (make === undefined)
    throw misuse(`--contrast must be one of ${Object.keys(ruleTable).join(', ')}, but '${name}' was given.`);
  const other: OtherSource = {
    ...(amateur === undefined ? {} : { model: amateur }),
    ...(prompt === undefined ? {} : { prompt: tokenizer.encode(prompt) }),
  };
  const others = Object.keys(other).length === 0 ? [] : [other];
  if (others.length === 0 && name !== 'dola') throw misuse(`--contrast ${name} needs --amateur or --other-prompt.`);
  return combine({ expert, others, rule: (make as (options: object) => Rule)(parameters) });
}
