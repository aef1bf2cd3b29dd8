import type { Sampler, Tokenizer } from '@tokenwright/core';
import {
  adaptiveP,
  additivePenalty,
  allowedTokens,
  badWords,
  badWordTokens,
  dry,
  dryBreakers,
  dynamicTemperature,
  encoderNoRepeatNgram,
  encoderRepetitionPenalty,
  epsilon,
  eta,
  exponentialLengthDecay,
  frequencyPenalty,
  greedy,
  greenList,
  infill,
  minP,
  mirostat1,
  mirostat2,
  noRepeatNgram,
  normalize,
  pLess,
  presencePenalty,
  regex,
  removeInvalid,
  repetitionPenalty,
  sequenceBias,
  suppressTokens,
  suppressTokensAtBegin,
  synthId,
  tailFree,
  temperature,
  thinkingBudget,
  tokenBias,
  tokenHealing,
  topA,
  topH,
  topK,
  topNSigma,
  topP,
  typical,
  vocabularyTexts,
  xtc,
} from '@tokenwright/samplers';

/** A sampler of the library as a flag. Its value is `main`, then other parameters by name: `--top-p 0.9,border=at-most`. */
export interface SamplerFlag {
  readonly name: string;
  /** The factory in `@tokenwright/samplers`. */
  readonly make: (options: never) => Sampler;
  readonly group: string;
  /** What the factory calls the value that needs no name. A flag without one is on or off. */
  readonly main?: string;
  readonly value?: string;
  /** Other parameters, as help shows them. */
  readonly more?: readonly string[];
  readonly help: string;
  /** Reads a value that is written in another way. */
  readonly read?: (text: string, tokenizer: Tokenizer) => object;
  /** Turns texts into tokens, and adds what a command line cannot say. */
  readonly complete?: (parameters: Readonly<Record<string, unknown>>, tokenizer: Tokenizer) => object;
}

export const samplerGroups = {
  filters: 'Samplers that choose, applied in the order in which they are written',
  penalties: 'Samplers against repetition (same order)',
  constraints: 'Samplers that forbid, favour or force tokens (same order)',
} as const;

const { filters, penalties, constraints } = samplerGroups;
const keep = 'min-keep=N';
const counted = ['window=N|all', 'count-prompt=true|false'];

const ids = (text: string): object => ({ tokens: text.split(/[\s,]+/).map(Number) });
const tokensOf = (tokenizer: Tokenizer, text: unknown): number[] =>
  tokenizer.encode(String(text), { addSpecialTokens: false });

export const samplerTable: readonly SamplerFlag[] = [
  { name: 'greedy', make: greedy, group: filters, help: 'Always take the most probable token.' },
  {
    name: 'temperature',
    make: temperature,
    group: filters,
    main: 't',
    value: 'T',
    more: ['zero=greedy|error'],
    help: 'Divide the logits by T: below 1 is more certain, above 1 is wilder, 0 is greedy.',
  },
  {
    name: 'top-k',
    make: topK,
    group: filters,
    main: 'k',
    value: 'K',
    more: ['share=S', 'ties=exactly-k|keep-all'],
    help: 'Keep the K most probable tokens, or a share of the vocabulary: --top-k share=0.1.',
  },
  {
    name: 'top-p',
    make: topP,
    group: filters,
    main: 'p',
    value: 'P',
    more: ['border=below|at-most', keep],
    help: 'Keep the most probable tokens until their mass is P (nucleus sampling).',
  },
  {
    name: 'min-p',
    make: minP,
    group: filters,
    main: 'p',
    value: 'P',
    more: [keep],
    help: 'Keep tokens with at least P times the largest probability.',
  },
  {
    name: 'top-a',
    make: topA,
    group: filters,
    main: 'ratio',
    value: 'RATIO',
    more: ['power=N'],
    help: 'Keep tokens with at least RATIO times the largest probability squared.',
  },
  {
    name: 'typical',
    make: typical,
    group: filters,
    main: 'mass',
    value: 'MASS',
    more: ['border=below|at-most', 'ties=keep-all|cut', keep],
    help: 'Keep the tokens whose surprise is nearest to the average, until their mass is MASS.',
  },
  {
    name: 'tail-free',
    make: tailFree,
    group: filters,
    main: 'z',
    value: 'Z',
    more: [keep],
    help: 'Cut the tail where the curve of probabilities flattens, keeping the share Z of its curvature.',
  },
  {
    name: 'epsilon',
    make: epsilon,
    group: filters,
    main: 'epsilon',
    value: 'E',
    more: [keep],
    help: 'Keep tokens with a probability of at least E, such as 0.0009.',
  },
  {
    name: 'eta',
    make: eta,
    group: filters,
    main: 'epsilon',
    value: 'E',
    more: [keep],
    help: 'Like epsilon, with a limit that falls where the model is unsure.',
  },
  {
    name: 'top-h',
    make: topH,
    group: filters,
    main: 'h',
    value: 'H',
    more: ['candidates=N'],
    help: 'Keep the most probable tokens up to the share H of the entropy.',
  },
  {
    name: 'top-n-sigma',
    make: topNSigma,
    group: filters,
    main: 'n',
    value: 'N',
    help: 'Keep logits within N standard deviations of the largest.',
  },
  {
    name: 'p-less',
    make: pLess,
    group: filters,
    main: 'normalized',
    value: 'false|true',
    help: 'Keep tokens at least as probable as two draws are to agree; true corrects for chance, which keeps more.',
  },
  {
    name: 'xtc',
    make: xtc,
    group: filters,
    main: 'probability',
    value: 'P',
    more: ['threshold=T', keep],
    help: 'With probability P, remove all top choices but the least probable of them.',
  },
  {
    name: 'dynamic-temperature',
    make: dynamicTemperature,
    group: filters,
    main: 'range',
    value: 'RANGE',
    more: ['t=T', 'exponent=X', 'listed=left|vocabulary|N'],
    help: 'A temperature from T - RANGE to T + RANGE that rises with the entropy.',
  },
  {
    name: 'mirostat-1',
    make: mirostat1,
    group: filters,
    main: 'tau',
    value: 'TAU',
    more: ['eta=X', 'm=N', 'overflow=keep-all|keep-one'],
    help: 'Hold the surprise near TAU bits a token, such as 5. Must be the last.',
  },
  {
    name: 'mirostat-2',
    make: mirostat2,
    group: filters,
    main: 'tau',
    value: 'TAU',
    more: ['eta=X'],
    help: 'The same by a simpler rule. Must be the last.',
  },
  {
    name: 'adaptive-p',
    make: adaptiveP,
    group: filters,
    main: 'target',
    value: 'P',
    more: ['decay=D'],
    help: 'Prefer tokens so that those drawn have a probability of P on average. Must be the last.',
  },
  {
    name: 'infill',
    make: infill,
    group: filters,
    main: 'mass',
    value: 'own|merged',
    more: ['end-token=ID'],
    help: 'For models that fill gaps: merge tokens of which one begins the other, and end when unsure.',
    complete: (parameters, tokenizer) => ({ ...parameters, text: (id: number) => tokenizer.decode([id]) }),
  },
  {
    name: 'normalize',
    make: normalize,
    group: filters,
    help: 'Turn logits into log-probabilities, for the stages that follow.',
  },
  {
    name: 'remove-invalid',
    make: removeInvalid,
    group: filters,
    help: 'Repair logits that are infinite or not a number.',
  },

  {
    name: 'repetition-penalty',
    make: repetitionPenalty,
    group: penalties,
    main: 'penalty',
    value: 'X',
    more: counted,
    help: 'Make tokens that were seen less likely, by a factor: 1 is off, 1.1 mild, 1.3 strong.',
  },
  {
    name: 'frequency-penalty',
    make: frequencyPenalty,
    group: penalties,
    main: 'penalty',
    value: 'X',
    more: counted,
    help: 'Subtract X from the logit of a token for each time it was seen.',
  },
  {
    name: 'presence-penalty',
    make: presencePenalty,
    group: penalties,
    main: 'penalty',
    value: 'X',
    more: counted,
    help: 'Subtract X once when a token was seen at all.',
  },
  {
    name: 'additive-penalty',
    make: additivePenalty,
    group: penalties,
    main: 'frequency',
    value: 'X',
    more: ['presence=Y', ...counted],
    help: 'Both of them over one window.',
  },
  {
    name: 'no-repeat-ngram',
    make: noRepeatNgram,
    group: penalties,
    main: 'size',
    value: 'N',
    more: ['count-prompt=true|false'],
    help: 'Let no sequence of N tokens occur twice.',
  },
  {
    name: 'dry',
    make: dry,
    group: penalties,
    main: 'multiplier',
    value: 'X',
    more: ['base=B', 'allowed-length=N', 'breakers=usual|none', ...counted],
    help: 'Penalise a token the more, the longer the repetition that it would go on with; 0.8 is usual.',
    complete: ({ breakers = 'none', ...parameters }, tokenizer) => ({
      ...parameters,
      breakers: breakers === 'usual' ? dryBreakers(tokenizer) : breakers === 'none' ? [] : breakers,
    }),
  },
  {
    name: 'encoder-repetition-penalty',
    make: encoderRepetitionPenalty,
    group: penalties,
    main: 'penalty',
    value: 'X',
    help: 'Above 1, favour tokens of the source text (of the prompt, where there is no source).',
  },
  {
    name: 'encoder-no-repeat-ngram',
    make: encoderNoRepeatNgram,
    group: penalties,
    main: 'size',
    value: 'N',
    help: 'Copy no sequence of N tokens from the source text (from the prompt, where there is no source).',
  },

  {
    name: 'bad-words',
    make: badWords,
    group: constraints,
    value: 'TEXT',
    help: 'Never write this text.',
    read: (text, tokenizer) => ({ words: badWordTokens(tokenizer, [text]) }),
  },
  {
    name: 'sequence-bias',
    make: sequenceBias,
    group: constraints,
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
    group: constraints,
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
    group: constraints,
    value: 'ID,…',
    help: 'Never draw these tokens.',
    read: ids,
  },
  {
    name: 'suppress-tokens-at-begin',
    make: suppressTokensAtBegin,
    group: constraints,
    value: 'ID,…',
    help: 'Do not begin with these tokens.',
    read: ids,
  },
  {
    name: 'allowed-tokens',
    make: allowedTokens,
    group: constraints,
    value: 'ID,…',
    help: 'Draw no other tokens than these.',
    read: ids,
  },
  {
    name: 'exponential-length-decay',
    make: exponentialLengthDecay,
    group: constraints,
    main: 'factor',
    value: 'X',
    more: ['start=N'],
    help: 'After N new tokens, make the end likelier from token to token (X above 1).',
  },
  {
    name: 'thinking-budget',
    make: thinkingBudget,
    group: constraints,
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
    group: constraints,
    value: 'PATTERN',
    help: 'Write only what matches a regular expression as a whole.',
    read: (pattern, tokenizer) => ({ pattern, texts: vocabularyTexts(tokenizer) }),
  },
  {
    name: 'token-healing',
    make: tokenHealing,
    group: constraints,
    value: 'TEXT',
    help: 'Begin with this text, in whatever tokens the model prefers.',
    read: (text, tokenizer) => ({ text, texts: vocabularyTexts(tokenizer) }),
  },
  {
    name: 'green-list',
    make: greenList,
    group: constraints,
    main: 'bias',
    value: 'X',
    more: ['ratio=R', 'key=N', 'scheme=left-hash|self-hash', 'context-width=N'],
    help: 'A watermark: add X to the logits of a share of the tokens that depends on the token before.',
  },
  {
    name: 'synth-id',
    make: synthId,
    group: constraints,
    value: 'KEY,…',
    help: 'A watermark by tournaments, one for each secret key.',
    read: (text) => ({ keys: text.split(/[\s,]+/).map(Number) }),
  },
];

function biasOf(text: string): number | '-Infinity' {
  return text.trim() === '-Infinity' ? '-Infinity' : Number(text.trim() === '' ? Number.NaN : text);
}
