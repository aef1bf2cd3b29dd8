import { hasMaskForm, type Sampler } from '@tokenwright/core';

/** Something about the order of a chain that makes no sense. The chain still runs. */
export interface ChainWarning {
  readonly rule: ChainRule;
  /** Place of the stage that it is about. */
  readonly stage: number;
  readonly sampler: string;
  /** One sentence: what is wrong, and what to do. */
  readonly message: string;
}

export type ChainRule =
  | 'controller-not-last'
  | 'two-controllers'
  | 'after-greedy'
  | 'random-before-greedy'
  | 'statistics-after-filter'
  | 'penalty-after-normalize'
  | 'penalty-after-filter'
  | 'reviving-after-filter'
  | 'bias-into-mirostat'
  | 'repeated';

/** Warnings about orders that make no sense, by place. Empty for a sound chain. */
export function checkChain(samplers: readonly Sampler[]): ChainWarning[] {
  return samplers.flatMap((sampler, stage) =>
    rules.flatMap(({ rule, check }) => {
      const message = check(sampler, samplers.slice(0, stage), samplers.slice(stage + 1));
      return message === undefined ? [] : [{ rule, stage, sampler: sampler.name, message }];
    }),
  );
}

interface Rule {
  readonly rule: ChainRule;
  /** The warning about `sampler`, given what stands before and after it. */
  check(sampler: Sampler, before: readonly Sampler[], after: readonly Sampler[]): string | undefined;
}

/** Stages that take tokens out of most rows. A custom filter counts when it is a mask. */
const filters = new Set([
  'top-k',
  'top-p',
  'min-p',
  'top-a',
  'typical',
  'epsilon',
  'eta',
  'top-h',
  'top-n-sigma',
  'p-less',
  'tail-free',
  'infill',
]);
const isFilter = (sampler: Sampler): boolean => filters.has(sampler.name) || hasMaskForm(sampler);
/** Stages whose decision is random, or leads away from the most probable token on purpose. */
const isErratic = ({ name }: Sampler): boolean => name === 'xtc' || name === 'adaptive-p';
const isPenalty = ({ name }: Sampler): boolean => name.endsWith('-penalty') || name === 'penalties' || name === 'dry';
const isGreedy = ({ algebra }: Sampler): boolean => algebra?.selectsArgMax === true;
const isController = ({ algebra }: Sampler): boolean => algebra?.controls === true;

const rules: readonly Rule[] = [
  {
    rule: 'controller-not-last',
    check: (sampler, _, after) =>
      isController(sampler) && after.length > 0 && !after.some(isController)
        ? `'${sampler.name}' steers by the token that is drawn from what it leaves, but '${after[0]!.name}' follows and changes that. Put it last.`
        : undefined,
  },
  {
    rule: 'two-controllers',
    check: (sampler, _, after) => {
      const other = isController(sampler) ? after.find(isController) : undefined;
      return (
        other && `'${sampler.name}' and '${other.name}' both steer the draw and work against each other. Keep one.`
      );
    },
  },
  {
    rule: 'after-greedy',
    check: (sampler, before) => {
      const choice = before.find(isGreedy);
      return (
        choice &&
        `'${choice.name}' has left one token, so '${sampler.name}' can only confirm or remove it. Put it before.`
      );
    },
  },
  {
    rule: 'random-before-greedy',
    check: (sampler, _, after) => {
      const choice = isErratic(sampler) ? after.find(isGreedy) : undefined;
      return (
        choice &&
        `'${sampler.name}' removes or demotes the most probable tokens, so the choice of '${choice.name}' is not the model's. Drop one of the two.`
      );
    },
  },
  {
    rule: 'statistics-after-filter',
    check: (sampler, before) => {
      const filter =
        sampler.name === 'top-n-sigma' || sampler.name === 'mirostat-1' ? before.find(isFilter) : undefined;
      return (
        filter &&
        `'${sampler.name}' measures the whole row, but '${filter.name}' has taken tokens out before it. Put it before the filters.`
      );
    },
  },
  {
    rule: 'penalty-after-normalize',
    check: (sampler, before) => {
      const normaliser =
        sampler.algebra?.shiftInvariant === false
          ? before.find(({ name, algebra }) => name === 'normalize' || algebra?.domain === 'log-probabilities')
          : undefined;
      return (
        normaliser &&
        `'${sampler.name}' depends on where zero lies, and '${normaliser.name}' has made all logits negative. Put it before.`
      );
    },
  },
  {
    rule: 'penalty-after-filter',
    check: (sampler, before) => {
      const filter = isPenalty(sampler) ? before.find(isFilter) : undefined;
      return (
        filter &&
        `'${sampler.name}' cannot bring back what '${filter.name}' has removed, so repeated tokens crowd out others. Put it before the filters.`
      );
    },
  },
  {
    rule: 'reviving-after-filter',
    check: (sampler, before) => {
      const filter = sampler.algebra?.narrows === false && !isController(sampler) ? before.find(isFilter) : undefined;
      return (
        filter &&
        `'${sampler.name}' may make tokens possible again that '${filter.name}' has removed. Put it before the filters.`
      );
    },
  },
  {
    rule: 'bias-into-mirostat',
    check: (sampler, _, after) => {
      const mirostat = isErratic(sampler) ? after.find(({ name }) => name.startsWith('mirostat')) : undefined;
      return (
        mirostat &&
        `'${sampler.name}' changes how surprising tokens are, which '${mirostat.name}' then corrects away. Drop one of the two.`
      );
    },
  },
  {
    rule: 'repeated',
    check: (sampler, before) =>
      before.some(({ name }) => name === sampler.name) && !hasMaskForm(sampler)
        ? `'${sampler.name}' stands in the chain more than once. Keep one, unless both are meant.`
        : undefined,
  },
];
