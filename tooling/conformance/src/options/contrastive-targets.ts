import {
  classifierFreeGuidance,
  combine,
  contextAware,
  contrastiveLi,
  contrastiveLogits,
  dola,
  influence,
  type Rule,
} from '@tokenwright/contrastive';
import { generate, type LanguageModel } from '@tokenwright/core';
import { toyModel } from '@tokenwright/core/testing';
import { toy } from './core-targets.ts';
import { options, type Parameter, type Target, types } from './target.ts';

const amateur = toyModel({ vocabSize: 8, contextLength: 32, seed: 3 });
const decode = (model: LanguageModel): unknown =>
  generate(model, [1, 2], { maxNewTokens: 2, seed: 1, samplers: [], onWarning: () => {} });
const decodeBy = (rule: Rule): unknown => decode(combine({ expert: toy, others: [{ model: amateur }], rule }));
const rule = contrastiveLogits();

function ruleTarget(name: string, make: (given: never) => Rule, parameters: readonly Parameter[]): Target {
  return { name, parameters: [options], options: parameters, call: (given) => decodeBy(make(given as never)) };
}

const number = (name: string): Parameter => ({ name, type: types.number });

export const contrastiveTargets: readonly Target[] = [
  ruleTarget('contrastiveLogits', contrastiveLogits, [number('beta'), number('alpha')]),
  ruleTarget('contrastiveLi', contrastiveLi, [number('alpha')]),
  ruleTarget('contextAware', contextAware, [{ ...number('alpha'), valid: 0.5 }]),
  ruleTarget('classifierFreeGuidance', classifierFreeGuidance, [{ ...number('guidanceScale'), valid: 1.5 }]),
  ruleTarget('dola', dola, [
    { name: 'dolaLayers', type: (value) => value === 'low' || value === 'high' || types.ids(value) },
    number('relativeTop'),
    { name: 'tieWordEmbeddings', type: types.flag },
  ]),
  {
    name: 'combine',
    parameters: [options],
    options: [
      { name: 'expert', type: types.record, valid: toy },
      { name: 'others', type: types.list, valid: [{ model: amateur }] },
      { name: 'rule', type: types.record, valid: rule },
    ],
    call: (given) => decode(combine(given as never)),
  },
  {
    name: 'combine: others',
    parameters: [{ ...options, alsoNamed: ['others'] }],
    options: [
      { name: 'model', type: types.record, valid: amateur },
      { name: 'name', type: types.text },
      {
        name: 'prompt',
        type: (value) =>
          value === 'last-token' || types.ids(value) || (types.list(value) && (value as []).every(types.ids)),
      },
      { name: 'contextWindow', type: types.integer },
      number('temperature'),
      number('weight'),
      { name: 'layer', type: types.integer },
    ],
    call: (given) => decode(combine({ expert: toy, others: [given as never], rule })),
  },
  {
    name: 'influence',
    parameters: [
      { name: 'result', type: () => false, valid: null },
      { name: 'row', type: types.integer, valid: 0, alsoNamed: ['result'] },
      { name: 'id', type: types.integer, valid: 0, alsoNamed: ['result'] },
    ],
    call: (result, row, id) => influence(result as never, row as never, id as never),
  },
];
