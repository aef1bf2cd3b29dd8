import type { Tokenizer } from '@tokenwright/core';
import {
  allowedTokens,
  badWords,
  badWordTokens,
  exponentialLengthDecay,
  kgwWatermark,
  regex,
  sequenceBias,
  suppressTokens,
  suppressTokensAtBegin,
  synthId,
  thinkingBudget,
  tokenBias,
  tokenHealing,
  vocabularyTexts,
} from '@tokenwright/samplers';
import type { SamplerFlag } from './sampler-flag.ts';

/** '3, 5' */
const numbersOf = (text: string): number[] =>
  text.split(/[\s,]+/).map((part) => (part === '' ? Number.NaN : Number(part)));
const ids = (text: string): object => ({ tokens: numbersOf(text.trim()) });
const tokensOf = (tokenizer: Tokenizer, text: unknown): number[] =>
  tokenizer.encode(String(text), { addSpecialTokens: false });

/** Constraints, and watermarks. */
export const constraints: readonly SamplerFlag[] = [
  {
    name: 'bad-words',
    make: badWords,
    value: 'TEXT',
    help: 'Never write this text.',
    read: (text, tokenizer) => ({ words: badWordTokens(tokenizer, [text]) }),
  },
  {
    name: 'sequence-bias',
    make: sequenceBias,
    value: 'TEXT=X',
    help: 'Add X to the logit of the last token of this text, once the rest of it stands there.',
    read: (text, tokenizer) => {
      const at = text.lastIndexOf('=');
      return { sequences: [{ tokens: tokensOf(tokenizer, text.slice(0, at)), bias: biasOf(text.slice(at + 1)) }] };
    },
  },
  {
    name: 'token-bias',
    make: tokenBias,
    value: 'ID=X,…',
    help: 'Add X to the logit of a token; -Infinity forbids it.',
    read: (text) => ({
      biases: Object.fromEntries(
        text.split(',').map((pair) => {
          const [id = '', bias = ''] = pair.split('=');
          return [id.trim(), biasOf(bias)];
        }),
      ),
    }),
  },
  {
    name: 'suppress-tokens',
    make: suppressTokens,
    value: 'ID,…',
    help: 'Never draw these tokens.',
    read: ids,
  },
  {
    name: 'suppress-tokens-at-begin',
    make: suppressTokensAtBegin,
    value: 'ID,…',
    help: 'Do not begin with these tokens.',
    read: ids,
  },
  {
    name: 'allowed-tokens',
    make: allowedTokens,
    value: 'ID,…',
    help: 'Draw no other tokens than these.',
    read: ids,
  },
  {
    name: 'exponential-length-decay',
    make: exponentialLengthDecay,
    main: 'factor',
    value: 'X',
    more: ['start=N'],
    help: 'After N new tokens, make the end likelier from token to token (X above 1).',
  },
  {
    name: 'thinking-budget',
    make: thinkingBudget,
    main: 'budget',
    value: 'N',
    more: ['start=TEXT', 'end=TEXT', 'closing=TEXT'],
    help: 'Let at most N tokens stand between <think> and </think>.',
    complete: ({ start = '<think>', end = '</think>', closing, ...parameters }, tokenizer) => ({
      ...parameters,
      start: tokensOf(tokenizer, start),
      end: tokensOf(tokenizer, end),
      ...(closing === undefined ? {} : { closing: tokensOf(tokenizer, closing) }),
    }),
  },
  {
    name: 'regex',
    make: regex,
    value: 'PATTERN',
    help: 'Write only what matches a regular expression as a whole.',
    read: (pattern, tokenizer) => ({ pattern, texts: vocabularyTexts(tokenizer) }),
  },
  {
    name: 'token-healing',
    make: tokenHealing,
    value: 'TEXT',
    help: 'Begin with this text, in whatever tokens the model prefers.',
    read: (text, tokenizer) => ({ text, texts: vocabularyTexts(tokenizer) }),
  },
  {
    name: 'kgw-watermark',
    make: kgwWatermark,
    main: 'bias',
    value: 'X',
    more: ['greenlist-ratio=R', 'hashing-key=N', 'seeding-scheme=lefthash|selfhash', 'context-width=N'],
    help: 'A watermark: add X to the logits of a share of the tokens that depends on the token before.',
  },
  {
    name: 'synth-id',
    make: synthId,
    value: 'KEY,…',
    help: 'A watermark by tournaments, one for each secret key.',
    read: (text) => ({ keys: numbersOf(text.trim()) }),
  },
];

function biasOf(text: string): number | '-Infinity' {
  return text.trim() === '-Infinity' ? '-Infinity' : Number(text.trim() === '' ? Number.NaN : text);
}
