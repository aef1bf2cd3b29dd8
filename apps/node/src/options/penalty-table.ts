import {
  additivePenalty,
  dry,
  dryBreakers,
  encoderNoRepeatNgram,
  encoderRepetitionPenalty,
  frequencyPenalty,
  noRepeatNgram,
  presencePenalty,
  repetitionPenalty,
} from '@tokenwright/samplers';
import type { SamplerFlag } from './sampler-flag.ts';

const counted = ['window=N|all', 'count-prompt=true|false'];

/** Penalties. */
export const penalties: readonly SamplerFlag[] = [
  {
    name: 'repetition-penalty',
    make: repetitionPenalty,
    main: 'penalty',
    value: 'X',
    more: counted,
    help: 'Make tokens that were seen less likely, by a factor: 1 is off, 1.1 mild, 1.3 strong.',
  },
  {
    name: 'frequency-penalty',
    make: frequencyPenalty,
    main: 'penalty',
    value: 'X',
    more: counted,
    help: 'Subtract X from the logit of a token for each time it was seen.',
  },
  {
    name: 'presence-penalty',
    make: presencePenalty,
    main: 'penalty',
    value: 'X',
    more: counted,
    help: 'Subtract X once when a token was seen at all.',
  },
  {
    name: 'additive-penalty',
    make: additivePenalty,
    main: 'frequency',
    value: 'X',
    more: ['presence=Y', ...counted],
    help: 'Both of them over one window.',
  },
  {
    name: 'no-repeat-ngram',
    make: noRepeatNgram,
    main: 'size',
    value: 'N',
    more: ['count-prompt=true|false'],
    help: 'Let no sequence of N tokens occur twice.',
  },
  {
    name: 'dry',
    make: dry,
    main: 'multiplier',
    value: 'X',
    more: ['base=B', 'allowed-length=N', 'breakers=usual|none', ...counted],
    help: 'Penalize a token the more, the longer the repetition that it would go on with; 0.8 is usual.',
    complete: ({ breakers = 'none', ...parameters }, tokenizer) => ({
      ...parameters,
      breakers: breakers === 'usual' ? dryBreakers(tokenizer) : breakers === 'none' ? [] : breakers,
    }),
  },
  {
    name: 'encoder-repetition-penalty',
    make: encoderRepetitionPenalty,
    main: 'penalty',
    value: 'X',
    help: 'Above 1, favour tokens of the source text (of the prompt, where there is no source).',
  },
  {
    name: 'encoder-no-repeat-ngram',
    make: encoderNoRepeatNgram,
    main: 'size',
    value: 'N',
    help: 'Copy no sequence of N tokens from the source text (from the prompt, where there is no source).',
  },
];
