import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Engine, LanguageModel } from '@tokenwright/core';
import { folder, loadModel } from '@tokenwright/loaders';

/** A case of `goldens/generate/<model>/cases.json`: recorded results of Hugging Face's generate(). */
export interface GoldenCase {
  readonly id: string;
  readonly kind: string;
  readonly input_ids: readonly (readonly number[])[];
  readonly attention_mask?: readonly (readonly number[])[];
  readonly params: Readonly<Record<string, unknown>>;
  readonly sequences: readonly (readonly number[])[];
  readonly sequences_scores?: readonly number[];
  readonly beam_indices?: readonly (readonly number[])[];
  readonly transition_scores?: readonly (readonly number[])[];
  readonly transition_scores_normalized?: readonly (readonly number[])[];
  readonly scores?: readonly (readonly (readonly (number | string)[])[])[];
  readonly assistant?: string;
  readonly assistant_generation_config?: Readonly<Record<string, unknown>>;
  readonly v5_beam_same?: boolean;
  readonly v5_sequences?: readonly (readonly number[])[];
  readonly v5_sequences_scores?: readonly number[];
  readonly note?: string;
}

export function goldenCases(path: string, model: string, ...kinds: readonly string[]): GoldenCase[] {
  const { cases } = JSON.parse(readFileSync(join(path, model, 'cases.json'), 'utf8')) as { cases: GoldenCase[] };
  return cases.filter(({ kind }) => kinds.includes(kind));
}

export async function goldenModel(engine: Engine, path: string, model: string): Promise<LanguageModel> {
  return (await loadModel(folder(join(path, model)), { engine })).model;
}

/** The prompts without the padding on their left. */
export function promptsOf({ input_ids, attention_mask }: GoldenCase): number[][] {
  return input_ids.map((ids, row) => ids.filter((_, i) => attention_mask?.[row]?.[i] !== 0));
}

export function endTokensOf({ params }: GoldenCase): number[] {
  const { eos_token_id: end } = params as { eos_token_id?: number | number[] };
  return end === undefined ? [] : [end].flat();
}
