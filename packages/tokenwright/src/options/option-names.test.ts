import { UnknownOptionError } from '@tokenwright/core';
import { expect, it } from 'vitest';
import { callOptions } from './call-options.ts';
import { checkNames } from './option-names.ts';

const known = Object.keys(callOptions);

function refused(name: string): UnknownOptionError {
  try {
    checkNames('generate', { [name]: 1 }, known);
  } catch (error) {
    return error as UnknownOptionError;
  }
  throw new Error(`${name} was taken`);
}

it.each([
  ['max_new_tokens', 'maxNewTokens'],
  ['maxTokens', 'maxNewTokens'],
  ['max_tokens', 'maxNewTokens'],
  ['maxOutputTokens', 'maxNewTokens'],
  ['max_completion_tokens', 'maxNewTokens'],
  ['n_predict', 'maxNewTokens'],
  ['top_p', 'topP'],
  ['top_k', 'topK'],
  ['stop', 'stopStrings'],
  ['stopSequences', 'stopStrings'],
  ['stop_sequences', 'stopStrings'],
  ['top_logprobs', 'topLogprobs'],
  ['num_beams', 'numBeams'],
  ['n', 'numReturnSequences'],
  ['repeat_penalty', 'repetitionPenalty'],
  ['frequency_penalty', 'frequencyPenalty'],
  ['eos_token_id', 'eosTokenIds'],
  ['abortSignal', 'signal'],
  ['logits_processor', 'samplers'],
  ['temprature', 'temperature'],
])('%s is refused, and %s is named', (given, ours) => {
  const error = refused(given);
  expect(error).toBeInstanceOf(UnknownOptionError);
  expect(error).toMatchObject({ option: given, nearest: ours, known });
  expect(error.message).toContain(`Did you mean '${ours}'?`);
});

it.each([
  ['do_sample', /temperature: 0 is greedy/],
  ['streamer', /for await/],
  ['messages', /lm\.chat/],
  ['tokenizer', /that of the model/],
  ['explain', /tokenwright\/core/],
])('%s is refused, with advice', (given, advice) => {
  expect(refused(given).message).toMatch(advice);
});

it('every name that is suggested exists', () => {
  for (const name of ['maxTokens', 'stop', 'n', 'timeout', 'randomSeed', 'stopTokenIds', 'stoppingCriteria'])
    expect(known).toContain(refused(name).nearest);
});
