import { type GenerateOptions, generate, type LanguageModel, type TokenEvent } from '@tokenwright/core';
import { type TextResult, textResult } from '../output/text-result.ts';

/** The text of a call, piece by piece; returns the result. */
export async function* textPieces(
  model: LanguageModel,
  ids: ArrayLike<number>,
  options: GenerateOptions,
): AsyncGenerator<string, TextResult, undefined> {
  const { logprobs = false, topLogprobs = 0, logprobsOf = [] } = options;
  const tokens: TokenEvent[] | undefined = logprobs || topLogprobs > 0 || logprobsOf.length > 0 ? [] : undefined;
  let result: TextResult | undefined;
  for await (const event of generate(model, ids, options)) {
    if (event.type === 'token') {
      tokens?.push(event);
      if (event.text !== undefined && event.text !== '') yield event.text;
    } else if (event.type === 'end') {
      result = textResult(event, tokens);
      if (event.tail !== undefined && event.tail !== '') yield event.tail;
    }
  }
  return result!;
}
