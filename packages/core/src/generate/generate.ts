import { isInstance, readOptions } from '../check/read-options.ts';
import { ParameterError } from '../errors.ts';
import { checkModel } from '../model/check-model.ts';
import type { LanguageModel } from '../model/language-model.ts';
import { checkTokenizer } from '../text/check-tokenizer.ts';
import { encodePrompt } from '../text/encode-prompt.ts';
import type { Tokenizer } from '../text/tokenizer.ts';
import { checkPrompts, checkRows, checkText } from './check-call.ts';
import { warnAboutChain } from './contract/chain-warnings.ts';
import { DecodingState } from './contract/decoding-state.ts';
import { type GenerateOptions, generateOptions } from './contract/options.ts';
import { resolveOptions } from './contract/resolve-options.ts';
import { decode } from './run/decode.ts';
import { planOf } from './run/plan.ts';
import { TextGeneration, TokenStream } from './streams.ts';

/**
 * Generate from one prompt or from several at once. Returns immediately; the call starts with the first event that is asked
 * for.
 *
 * @param prompt token ids, or a list of ids per row. An empty prompt starts from the model's start tokens. Or a state to
 * continue: then seed and cache are the state's, and the call leaves the state where it stops.
 * @returns the events as an async iterable; `await` it for the finished sequences.
 * @throws UnknownOptionError, ParameterError for options, immediately; ContextLengthError, ParameterError for prompts, with
 * the first event, before anything is fed.
 * @example
 * ```ts
 * for await (const event of generate(model, ids, { maxNewTokens: 20 })) if (event.type === 'token') show(event.id);
 * const { sequences } = await generate(model, [ids, otherIds], { samplers: [topK({ k: 40 })], seed: 7 });
 * ```
 */
export function generate(
  model: LanguageModel,
  prompt: ArrayLike<number> | readonly ArrayLike<number>[] | DecodingState,
  options: GenerateOptions = {},
): TokenStream {
  checkModel('generate', model);
  if (isInstance(prompt, DecodingState)) return start('generate', model, prompt, optionsOfState(prompt, options));
  return start('generate', model, checkPrompts('generate', prompt), options);
}

/**
 * Generate for a list of prompts. The same as `generate`, except that an empty list has no results.
 *
 * @example
 * ```ts
 * const { texts } = await generateBatch(model, prompts.map((text) => tokenizer.encode(text)), { tokenizer });
 * ```
 */
export function generateBatch(
  model: LanguageModel,
  prompts: readonly ArrayLike<number>[],
  options: GenerateOptions = {},
): TokenStream {
  checkModel('generateBatch', model);
  const rows = checkRows('generateBatch', 'prompts', prompts);
  if (rows.length > 0) return start('generateBatch', model, rows, options);
  resolveOptions('generateBatch', options, model.defaults);
  return new TokenStream((async function* () {})());
}

/**
 * Generate text from text.
 *
 * @param prompt encoded with the tokenizer's special tokens, which are not added where the text has them already.
 * @returns the pieces as an async iterable; `await` it for `{ text, finishReason, usage, ... }`.
 * @throws ParameterError for several sequences, whose texts would mix: `generate` tells them apart.
 * @example
 * ```ts
 * const { text, finishReason } = await generateText(model, tokenizer, 'Once upon a time', { maxNewTokens: 50 });
 * for await (const piece of generateText(model, tokenizer, 'Once upon a time')) process.stdout.write(piece);
 * ```
 */
export function generateText(
  model: LanguageModel,
  tokenizer: Tokenizer,
  prompt: string,
  options: GenerateOptions = {},
): TextGeneration {
  checkModel('generateText', model);
  checkTokenizer('generateText', tokenizer);
  checkText('generateText', prompt);
  const { numReturnSequences = 1, ...given } = readOptions('generateText', options, Object.keys(generateOptions));
  if (numReturnSequences !== 1)
    throw new ParameterError('generateText', 'numReturnSequences', '1 (generate returns several)', numReturnSequences);
  return new TextGeneration(start('generateText', model, [encodePrompt(tokenizer, prompt)], { ...given, tokenizer }));
}

function start(
  owner: string,
  model: LanguageModel,
  prompts: readonly ArrayLike<number>[] | DecodingState,
  options: GenerateOptions,
): TokenStream {
  const { options: resolved, report } = resolveOptions(owner, options, model.defaults);
  warnAboutChain(resolved);
  return new TokenStream(decode(() => planOf(model, prompts, resolved, report)));
}

/** A state brings its seed, its cache and its tokenizer. The call must not contradict them. */
function optionsOfState(state: DecodingState, given: GenerateOptions): GenerateOptions {
  const options = readOptions('generate', given, Object.keys(generateOptions));
  for (const name of ['seed', 'cache'] as const)
    if (options[name] !== undefined)
      throw new ParameterError('generate', name, "left out: it is the state's", options[name]);
  if ((options.numReturnSequences ?? 1) !== 1)
    throw new ParameterError(
      'generate',
      'numReturnSequences',
      '1 for a state; fork it for more',
      options.numReturnSequences,
    );
  if (options.tokenizer !== undefined && state.tokenizer !== undefined && options.tokenizer !== state.tokenizer)
    throw new ParameterError('generate', 'tokenizer', "left out, or the state's own", options.tokenizer);
  const { seed, cache, tokenizer } = state;
  return { ...(tokenizer === undefined ? {} : { tokenizer }), ...options, seed, cache };
}
