import { checkOptions } from '../check/check-options.ts';
import { choiceOption } from '../check/option-kinds.ts';
import { checkSamplers } from './check-samplers.ts';
import { hasMaskForm, type Sampler } from './sampler.ts';

/** An order of stages that makes no sense. The chain still runs. */
export interface ChainWarning {
  readonly rule: ChainRule;
  /** Index of the stage that the warning is about. */
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
  /** What the strategy passes to the chain. Beam search can pass log-probabilities. Default `'logits'`. */
  readonly domain?: 'logits' | 'log-probabilities';
}

const settingOptions = {
  domain: choiceOption(['logits', 'log-probabilities'], { default: 'logits', help: 'What the chain receives' }),
};

/**
 * Warnings about orders that make no sense, by stage. Empty for a sound chain. The rules go by what samplers declare
 * (`kind` and `traits`) and know none by name, so third-party samplers are checked like ours. `generate` calls this for
 * every chain: see `onWarning`.
 *
 * @example
 * ```ts
 * checkChain([topK({ k: 40 }), topNSigma({ sigmas: 1 })])[0].rule; // 'statistics-after-filter'
 * ```
 */
export function checkChain(given: readonly Sampler[], setting: ChainSetting = {}): ChainWarning[] {
  const samplers = checkSamplers('checkChain', 'samplers', given);
  const { domain } = checkOptions('checkChain', settingOptions, setting);
  return samplers.flatMap((sampler, stage) =>
    rules.flatMap(({ rule, check }) => {
      const message = check(sampler, samplers.slice(0, stage), samplers.slice(stage + 1), domain);
      return message === undefined ? [] : [{ rule, stage, sampler: sampler.name, message }];
    }),
  );
}

interface Rule {
  readonly rule: ChainRule;
  /** The warning about `sampler`, given the stages before and after it. */
  check(
    sampler: Sampler,
    before: readonly Sampler[],
    after: readonly Sampler[],
    domain: 'logits' | 'log-probabilities',
  ): string | undefined;
}

const isGreedy = ({ traits }: Sampler): boolean => traits?.selectsArgMax === true;
const isController = ({ kind }: Sampler): boolean => kind === 'controller';
const isFilter = (sampler: Sampler): boolean => sampler.kind === 'filter' && !isGreedy(sampler);
/** A host form that declares nothing: its effect is unknown. */
const isUndeclared = (sampler: Sampler): boolean =>
  sampler.kind === undefined && sampler.traits === undefined && !hasMaskForm(sampler);

const rules: readonly Rule[] = [
  {
    rule: 'controller-not-last',
    check: (sampler, _, after) =>
      isController(sampler) && after.length > 0 && !after.some(isController)
        ? `'${sampler.name}' steers by the token sampled from its output, but '${after[0]!.name}' changes that output. Put '${sampler.name}' last.`
        : undefined,
  },
  {
    rule: 'two-controllers',
    check: (sampler, _, after) => {
      const other = isController(sampler) ? after.find(isController) : undefined;
      return (
        other && `'${sampler.name}' and '${other.name}' both steer sampling and work against each other. Keep one.`
      );
    },
  },
  {
    rule: 'after-greedy',
    check: (sampler, before) => {
      const choice = before.find(isGreedy);
      return (
        choice &&
        `'${choice.name}' leaves one token, so '${sampler.name}' can only confirm or remove it. Put '${sampler.name}' before it.`
      );
    },
  },
  {
    rule: 'random-before-greedy',
    check: (sampler, _, after) => {
      const choice = sampler.traits?.demotesArgMax === true ? after.find(isGreedy) : undefined;
      return (
        choice &&
        `'${sampler.name}' removes or demotes the most probable tokens, so '${choice.name}' does not take the model's first choice. Drop one of the two.`
      );
    },
  },
  {
    rule: 'statistics-after-filter',
    check: (sampler, before) => {
      if (sampler.traits?.needsWholeRow !== true) return undefined;
      const filter = before.find((stage) => isFilter(stage) || hasMaskForm(stage));
      if (filter !== undefined)
        return `'${sampler.name}' measures the whole row, but '${filter.name}' removes tokens before it. Put '${sampler.name}' before the filters.`;
      const unknown = before.find(isUndeclared);
      return (
        unknown &&
        `'${sampler.name}' measures the whole row, and '${unknown.name}' before it does not say whether it removes tokens. Put '${sampler.name}' first, or declare a 'kind' for '${unknown.name}'.`
      );
    },
  },
  {
    rule: 'penalty-on-log-probabilities',
    check: (sampler, before, _, domain) => {
      if (sampler.traits?.dependsOnZero !== true) return undefined;
      const normalizer = before.find(({ traits }) => traits?.normalizes === true);
      if (normalizer !== undefined)
        return `'${sampler.name}' depends on where zero is, and '${normalizer.name}' makes all logits negative. Put '${sampler.name}' before it.`;
      return domain === 'log-probabilities'
        ? `'${sampler.name}' depends on where zero is, and the strategy passes log-probabilities, which are all negative. Use the strategy's domain 'logits', unless you want to reproduce Hugging Face's beams.`
        : undefined;
    },
  },
  {
    rule: 'penalty-after-filter',
    check: (sampler, before) => {
      const filter = sampler.kind === 'penalty' ? before.find(isFilter) : undefined;
      return (
        filter &&
        `'${sampler.name}' cannot bring back the tokens that '${filter.name}' removed, so repeated tokens crowd out others. Put '${sampler.name}' before the filters.`
      );
    },
  },
  {
    rule: 'reviving-after-filter',
    check: (sampler, before) => {
      if (sampler.traits?.narrows !== false || isController(sampler)) return undefined;
      // A forced token overrules a mask on purpose. A repaired row makes masked tokens possible in name only.
      const overrules = sampler.kind === 'constraint' || sampler.kind === 'repair';
      const filter = before.find((stage) => isFilter(stage) || (!overrules && hasMaskForm(stage)));
      return (
        filter &&
        `'${sampler.name}' may make tokens possible again that '${filter.name}' removed. Put '${sampler.name}' before the filters.`
      );
    },
  },
  {
    rule: 'bias-into-mirostat',
    check: (sampler, _, after) => {
      const mirostat =
        sampler.traits?.demotesArgMax === true
          ? after.find(({ traits }) => traits?.targetsSurprise === true)
          : undefined;
      return (
        mirostat &&
        `'${sampler.name}' changes how surprising tokens are, and '${mirostat.name}' then corrects that away. Drop one of the two.`
      );
    },
  },
  {
    rule: 'repeated',
    check: (sampler, before) =>
      before.some(({ name }) => name === sampler.name) && !hasMaskForm(sampler)
        ? `'${sampler.name}' is in the chain more than once. Keep one, unless you mean both.`
        : undefined,
  },
];
