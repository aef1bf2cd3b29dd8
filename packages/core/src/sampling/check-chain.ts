import { hasMaskForm, type Sampler } from './sampler.ts';

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
  | 'penalty-on-log-probabilities'
  | 'penalty-after-filter'
  | 'reviving-after-filter'
  | 'bias-into-mirostat'
  | 'repeated';

/** Where a chain is used. */
export interface ChainSetting {
  /** What the strategy gives the chain: beam search can give log-probabilities. Default `'logits'`. */
  readonly domain?: 'logits' | 'log-probabilities';
}

/**
 * Warnings about orders that make no sense, by place. Empty for a sound chain. It goes by what the samplers declare
 * (`Sampler.traits`), so those of other authors count too. `generate` calls it for every chain: see `onWarning`.
 */
export function checkChain(samplers: readonly Sampler[], { domain = 'logits' }: ChainSetting = {}): ChainWarning[] {
  return samplers.flatMap((sampler, stage) =>
    rules.flatMap(({ rule, check }) => {
      const message = check(sampler, samplers.slice(0, stage), samplers.slice(stage + 1), domain);
      return message === undefined ? [] : [{ rule, stage, sampler: sampler.name, message }];
    }),
  );
}

interface Rule {
  readonly rule: ChainRule;
  /** The warning about `sampler`, given what stands before and after it. */
  check(
    sampler: Sampler,
    before: readonly Sampler[],
    after: readonly Sampler[],
    domain: 'logits' | 'log-probabilities',
  ): string | undefined;
}

const isFilter = ({ traits }: Sampler): boolean => traits?.removes === 'filter' && traits.selectsArgMax !== true;
/** A host form without a declared traits: nobody can tell what it does. */
const isUndeclared = (sampler: Sampler): boolean => sampler.traits === undefined && !hasMaskForm(sampler);
/** It measures the spread of the whole row. */
const measures = ({ name }: Sampler): boolean => name === 'top-n-sigma' || name === 'mirostat-1';
/** Stages whose decision is random, or leads away from the most probable token on purpose. */
const isErratic = ({ name }: Sampler): boolean => name === 'xtc' || name === 'adaptive-p';
const isPenalty = ({ name }: Sampler): boolean => name.endsWith('-penalty') || name === 'penalties' || name === 'dry';
const dependsOnZero = ({ traits }: Sampler): boolean => traits?.shiftInvariant === false && traits.narrows;
const isGreedy = ({ traits }: Sampler): boolean => traits?.selectsArgMax === true;
const isController = ({ traits }: Sampler): boolean => traits?.controls === true;

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
      if (!measures(sampler)) return undefined;
      const filter = before.find((stage) => isFilter(stage) || hasMaskForm(stage));
      if (filter !== undefined)
        return `'${sampler.name}' measures the whole row, but '${filter.name}' has taken tokens out before it. Put it before the filters.`;
      const unknown = before.find(isUndeclared);
      return (
        unknown &&
        `'${sampler.name}' measures the whole row, and '${unknown.name}' before it does not say whether it takes tokens out. Put it first, or declare 'traits' (with 'removes' when it does).`
      );
    },
  },
  {
    rule: 'penalty-on-log-probabilities',
    check: (sampler, before, _, domain) => {
      if (!dependsOnZero(sampler)) return undefined;
      const normalizer = before.find(
        ({ name, traits }) => name === 'normalize' || traits?.domain === 'log-probabilities',
      );
      if (normalizer !== undefined)
        return `'${sampler.name}' depends on where zero lies, and '${normalizer.name}' has made all logits negative. Put it before.`;
      return domain === 'log-probabilities'
        ? `'${sampler.name}' depends on where zero lies, and the strategy gives it log-probabilities, which are all negative. Use the strategy's domain 'logits', unless Hugging Face's beams are to be met.`
        : undefined;
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
      if (sampler.traits?.narrows !== false || isController(sampler)) return undefined;
      // Forced tokens overrule a mask on purpose; what repairs a broken row makes masked tokens possible in name only.
      const overrules = sampler.traits.removes === 'constraint' || sampler.name === 'remove-invalid';
      const filter = before.find((stage) => isFilter(stage) || (!overrules && hasMaskForm(stage)));
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
