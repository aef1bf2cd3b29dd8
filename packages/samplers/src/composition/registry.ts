import type { Sampler } from '@tokenwright/core';
import { checkOptionNames } from '@tokenwright/core/options';
import { allowedTokens } from '../constraints/allowed-tokens.ts';
import { badWords } from '../constraints/bad-words.ts';
import { encoderNoRepeatNgram } from '../constraints/encoder-no-repeat-ngram.ts';
import { forcedBosToken } from '../constraints/forced-bos-token.ts';
import { forcedEosToken } from '../constraints/forced-eos-token.ts';
import { minLength } from '../constraints/min-length.ts';
import { minNewTokens } from '../constraints/min-new-tokens.ts';
import { noRepeatNgram } from '../constraints/no-repeat-ngram.ts';
import { suppressTokens } from '../constraints/suppress-tokens.ts';
import { suppressTokensAtBegin } from '../constraints/suppress-tokens-at-begin.ts';
import { thinkingBudget } from '../constraints/thinking-budget.ts';
import { adaptiveP } from '../controllers/adaptive-p.ts';
import { mirostat1 } from '../controllers/mirostat-1.ts';
import { mirostat2 } from '../controllers/mirostat-2.ts';
import { epsilonCutoff } from '../filters/epsilon-cutoff.ts';
import { etaCutoff } from '../filters/eta-cutoff.ts';
import { minP } from '../filters/min-p.ts';
import { pLess } from '../filters/p-less.ts';
import { tailFree } from '../filters/tail-free.ts';
import { topA } from '../filters/top-a.ts';
import { topH } from '../filters/top-h.ts';
import { topK } from '../filters/top-k.ts';
import { topNSigma } from '../filters/top-n-sigma.ts';
import { topP } from '../filters/top-p.ts';
import { typicalP } from '../filters/typical-p.ts';
import { xtc } from '../filters/xtc.ts';
import { additivePenalty } from '../penalties/additive-penalty.ts';
import { dry } from '../penalties/dry.ts';
import { encoderRepetitionPenalty } from '../penalties/encoder-repetition-penalty.ts';
import { exponentialLengthDecay } from '../penalties/exponential-length-decay.ts';
import { frequencyPenalty } from '../penalties/frequency-penalty.ts';
import { presencePenalty } from '../penalties/presence-penalty.ts';
import { repetitionPenalty } from '../penalties/repetition-penalty.ts';
import { sequenceBias } from '../penalties/sequence-bias.ts';
import { tokenBias } from '../penalties/token-bias.ts';
import { dynamicTemperature } from '../shaping/dynamic-temperature.ts';
import { greedy } from '../shaping/greedy.ts';
import { normalize } from '../shaping/normalize.ts';
import { removeInvalid } from '../shaping/remove-invalid.ts';
import { temperature } from '../shaping/temperature.ts';
import { kgwWatermark } from '../watermarks/kgw-watermark.ts';
import { synthId } from '../watermarks/synth-id.ts';

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
  'epsilon-cutoff': epsilonCutoff,
  'eta-cutoff': etaCutoff,
  'exponential-length-decay': exponentialLengthDecay,
  'forced-bos-token': forcedBosToken,
  'forced-eos-token': forcedEosToken,
  'frequency-penalty': frequencyPenalty,
  greedy: withoutOptions('greedy', greedy),
  'kgw-watermark': kgwWatermark,
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
  'typical-p': typicalP,
  xtc,
};

/** A factory that takes no options, as one that refuses any. */
function withoutOptions(owner: string, make: () => Sampler): SamplerFactory {
  return (parameters: object) => {
    checkOptionNames(owner, parameters, []);
    return make();
  };
}
