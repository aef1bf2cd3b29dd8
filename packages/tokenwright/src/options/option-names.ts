import { UnknownOptionError } from '@tokenwright/core';
import { namesOf, readRecord } from '@tokenwright/core/options';

/** Names of other systems, and ours. snake_case of one of ours needs no entry. */
const ours: Readonly<Record<string, string>> = {
  abortSignal: 'signal',
  eosTokenId: 'eosTokenIds',
  format: 'schema',
  gbnf: 'grammar',
  guidedChoice: 'choices',
  guidedGrammar: 'grammar',
  guidedJson: 'schema',
  guidedRegex: 'regex',
  jsonSchema: 'schema',
  logitsProcessor: 'samplers',
  maxCompletionTokens: 'maxNewTokens',
  maxOutputTokens: 'maxNewTokens',
  maxTokens: 'maxNewTokens',
  n: 'numReturnSequences',
  nPredict: 'maxNewTokens',
  numPredict: 'maxNewTokens',
  randomSeed: 'seed',
  output: 'schema',
  pattern: 'regex',
  repeatPenalty: 'repetitionPenalty',
  responseFormat: 'schema',
  responseSchema: 'schema',
  stop: 'stopStrings',
  stopSequences: 'stopStrings',
  stopTokenIds: 'eosTokenIds',
  stoppingCriteria: 'stopWhen',
  timeout: 'maxTime',
};

/** What to do instead of an option that does not exist. */
const advice: Readonly<Record<string, string>> = {
  assistantModel: 'Give strategy: speculative({ draft }) of tokenwright/strategies.',
  callback: 'Iterate over the pieces: for await (const piece of lm.stream(prompt)).',
  cacheImplementation: 'Its name is cache.',
  device: 'The engine is chosen when the model is loaded: languageModel(source, { engine }).',
  doSample: 'Any sampling option, such as temperature: 1, samples; temperature: 0 is greedy decoding.',
  explain: 'generate(lm.model, ids, { explain: true }) of tokenwright/core reports it.',
  messages: 'Messages are the first argument of lm.chat.',
  model: 'The model is the first argument of languageModel.',
  onToken: 'Iterate over the pieces: for await (const piece of lm.stream(prompt)).',
  prompt: 'The prompt is the first argument.',
  steps: 'generate(lm.model, ids, { steps: true }) of tokenwright/core reports them.',
  stream: 'Iterate over the call, or call lm.stream.',
  streamer: 'Iterate over the pieces: for await (const piece of lm.stream(prompt)).',
  system: "Give a message: { role: 'system', content }.",
  tokenizer: 'It is always that of the model.',
};

/**
 * The options, each read once. Raises an UnknownOptionError for the first option that is not in `known`. It names ours for a name that another system uses:
 * snake_case, or the AI SDK's, OpenAI's or llama.cpp's name.
 */
export function checkNames<Options extends object>(owner: string, options: Options, known: readonly string[]): Options {
  for (const name of namesOf(owner, options as object)) {
    if (known.includes(name)) continue;
    const camel = name.replace(/_+([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
    const nearest = [camel, Object.hasOwn(ours, camel) ? ours[camel]! : ''].find((one) => known.includes(one));
    throw new UnknownOptionError(owner, name, known, {
      ...(nearest === undefined ? {} : { nearest }),
      ...(Object.hasOwn(advice, camel) ? { advice: advice[camel]! } : {}),
    });
  }
  return readRecord(owner, options, 'options');
}
