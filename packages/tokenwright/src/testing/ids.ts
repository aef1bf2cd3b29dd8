import { type GenerateOptions, generate } from '@tokenwright/core';
import type { LocalModel } from '../model/local-model.ts';

/** The new tokens of core's own `generate`, to compare with. */
export async function coreIds(lm: LocalModel, prompt: string, options: GenerateOptions): Promise<readonly number[]> {
  const { tokenizer } = lm;
  const { sequences } = await generate(lm.model, tokenizer.encode(prompt), { ...options, tokenizer });
  return sequences[0]!.ids;
}
