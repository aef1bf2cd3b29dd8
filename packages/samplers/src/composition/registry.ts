import { checkOptionNames, type Sampler } from '@tokenwright/core';
import { adaptiveP } from '../adaptive-p.ts';
import { additivePenalty } from '../additive-penalty.ts';
import { allowedTokens } from '../allowed-tokens.ts';
import { badWords } from '../bad-words.ts';
import { dry } from '../dry.ts';
import { dynamicTemperature } from '../dynamic-temperature.ts';
import { encoderNoRepeatNgram } from '../encoder-no-repeat-ngram.ts';
import { encoderRepetitionPenalty } from '../encoder-repetition-penalty.ts';
import { epsilon } from '../epsilon.ts';
import { eta } from '../eta.ts';
import { exponentialLengthDecay } from '../exponential-length-decay.ts';
import { forcedBeginToken } from '../forced-begin-token.ts';
import { forcedEndToken } from '../forced-end-token.ts';
import { frequencyPenalty } from '../frequency-penalty.ts';
import { greedy } from '../greedy.ts';
import { greenList } from '../green-list.ts';
import { minLength } from '../min-length.ts';
import { minNewTokens } from '../min-new-tokens.ts';
import { minP } from '../min-p.ts';
import { mirostat1 } from '../mirostat-1.ts';
import { mirostat2 } from '../mirostat-2.ts';
import { noRepeatNgram } from '../no-repeat-ngram.ts';
import { normalize } from '../normalize.ts';
import { pLess } from '../p-less.ts';
import { presencePenalty } from '../presence-penalty.ts';
import { removeInvalid } from '../remove-invalid.ts';
import { repetitionPenalty } from '../repetition-penalty.ts';
import { sequenceBias } from '../sequence-bias.ts';
import { suppressTokens } from '../suppress-tokens.ts';
import { suppressTokensAtBegin } from '../suppress-tokens-at-begin.ts';
import { synthId } from '../synth-id.ts';
import { tailFree } from '../tail-free.ts';
import { temperature } from '../temperature.ts';
import { thinkingBudget } from '../thinking-budget.ts';
import { tokenBias } from '../token-bias.ts';
import { topA } from '../top-a.ts';
import { topH } from '../top-h.ts';
import { topK } from '../top-k.ts';
import { topNSigma } from '../top-n-sigma.ts';
import { topP } from '../top-p.ts';
import { typical } from '../typical.ts';
import { xtc } from '../xtc.ts';

/** Makes a sampler from the `parameters` of an equal one. It checks them: they may come from a file. */
export type SamplerFactory = (parameters: never) => Sampler;

/** Factories by the name of the sampler that they make. */
export type SamplerRegistry = Readonly<Record<string, SamplerFactory>>;

/**
 * The samplers of this package that JSON can describe. `infill`, `regex` and `token-healing` are not among them: they need the
 * text of tokens, so add them with that bound, as
 * `{ ...samplerRegistry, regex: (parameters) => regex({ ...parameters, texts }) }`.
 */
export const samplerRegistry: SamplerRegistry = {
  'adaptive-p': adaptiveP,
  'additive-penalty': additivePenalty,
  'allowed-tokens': allowedTokens,
  'bad-words': badWords,
  dry,
  'dynamic-temperature': dynamicTemperature,
  'encoder-no-repeat-ngram': encoderNoRepeatNgram,
  'encoder-repetition-penalty': encoderRepetitionPenalty,
  epsilon,
  eta,
  'exponential-length-decay': exponentialLengthDecay,
  'forced-begin-token': forcedBeginToken,
  'forced-end-token': forcedEndToken,
  'frequency-penalty': frequencyPenalty,
  greedy: withoutOptions('greedy', greedy),
  'green-list': greenList,
  'min-length': minLength,
  'min-new-tokens': minNewTokens,
  'min-p': minP,
  'mirostat-1': mirostat1,
  'mirostat-2': mirostat2,
  'no-repeat-ngram': noRepeatNgram,
  normalize: withoutOptions('normalize', normalize),
  'p-less': pLess,
  'presence-penalty': presencePenalty,
  'remove-invalid': withoutOptions('removeInvalid', removeInvalid),
  'repetition-penalty': repetitionPenalty,
  'sequence-bias': sequenceBias,
  'suppress-tokens': suppressTokens,
  'suppress-tokens-at-begin': suppressTokensAtBegin,
  'synth-id': synthId,
  'tail-free': tailFree,
  temperature,
  'thinking-budget': thinkingBudget,
  'token-bias': tokenBias,
  'top-a': topA,
  'top-h': topH,
  'top-k': topK,
  'top-n-sigma': topNSigma,
  'top-p': topP,
  typical,
  xtc,
};

/** A factory that takes no options, as one that refuses any. */
function withoutOptions(owner: string, make: () => Sampler): SamplerFactory {
  return (parameters: object) => {
    checkOptionNames(owner, parameters, []);
    return make();
  };
}
