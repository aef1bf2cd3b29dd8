import { existsSync, readFileSync } from 'node:fs';
import type { Engine } from '@tokenwright/core';
import { bart, gpt2, llama, marian, t5 } from '@tokenwright/core/architectures';
import type { Architecture, EncoderDecoderArchitecture, WeightSource } from '@tokenwright/core/engine';
import { createModel, createSequenceToSequence } from '@tokenwright/core/model';
import type { Checkpoint } from './checkpoints.ts';
import { feed, logitsOf } from './logits.ts';

export const decoders = { gpt2, llama } as unknown as Readonly<Record<string, Architecture>>;
export const translators = { bart, marian, t5 } as unknown as Readonly<Record<string, EncoderDecoderArchitecture>>;

/** A case of the `generate` goldens. */
export interface GoldenCase {
  readonly id: string;
  readonly kind: string;
  readonly input_ids: number[][];
  readonly attention_mask?: number[][];
  readonly params?: Record<string, unknown>;
  readonly sequences?: number[][];
  readonly decoder_input_ids?: number[][];
  readonly logits?: number[][][];
}

/** The cases of a kind, without padding. */
export function casesOf(folder: string, kind: string): GoldenCase[] {
  const { cases } = JSON.parse(readFileSync(`${folder}/cases.json`, 'utf8')) as { cases: GoldenCase[] };
  return cases.filter((each) => each.kind === kind && (each.attention_mask ?? []).flat().every((bit) => bit === 1));
}

/** The input of a model: a text and, for a model with an encoder, its source. */
export interface GoldenText {
  readonly source?: readonly number[];
  readonly ids: readonly number[];
}

/**
 * Limits the number of prompts: the reference engine is slow, and the goldens repeat their prompts with many options.
 */
const mostTexts = 16;

/** The prompts of a checkpoint's goldens, with the recorded continuations. */
export function goldenTexts({ folder, config }: Checkpoint): GoldenText[] {
  const hasSource = (config.model_type as string) in translators;
  if (existsSync(`${folder}/cases.json`)) {
    const texts = ['forward', 'score', 'greedy'].flatMap((kind) =>
      casesOf(folder, kind).map(({ input_ids, sequences, decoder_input_ids }): GoldenText => {
        const source = input_ids[0]!;
        if (!hasSource) return { ids: sequences?.[0] ?? source };
        return { source, ids: decoder_input_ids?.[0] ?? sequences?.[0] ?? [] };
      }),
    );
    // Several cases differ only in options.
    const distinct = new Map(texts.filter(({ ids }) => ids.length > 0).map((text) => [JSON.stringify(text), text]));
    return [...distinct.values()].slice(0, mostTexts);
  }
  if (existsSync(`${folder}/expected.json`)) {
    const { cases } = JSON.parse(readFileSync(`${folder}/expected.json`, 'utf8')) as {
      cases: { ids: number[]; greedy_ids: number[]; source_ids?: number[]; beams_1: { ids: number[] } }[];
    };
    return cases.map(({ ids, greedy_ids, source_ids, beams_1 }) =>
      source_ids === undefined ? { ids: [...ids, ...greedy_ids] } : { source: source_ids, ids: beams_1.ids },
    );
  }
  const golden = JSON.parse(readFileSync(`${folder}/golden/llama2c_golden.json`, 'utf8')) as {
    cases: { name: string; input_ids_fed: number[] }[];
  };
  return golden.cases.filter(({ name }) => name.includes('greedy')).map(({ input_ids_fed: ids }) => ({ ids }));
}

/** The logits of all tokens of some texts, in frames of at most 100 tokens, with the index of the source. */
export async function logitsOfTexts(
  engine: Engine,
  { config }: Checkpoint,
  source: WeightSource,
  texts: readonly GoldenText[],
): Promise<Float32Array[]> {
  const family = config.model_type as string;
  const rows: Float32Array[] = [];
  const decoder = decoders[family];
  if (decoder !== undefined) {
    const model = await createModel(engine, decoder, decoder.configure(config), source);
    for (const { ids } of texts) rows.push(...(await logitsOf(model, ids, 100)));
    model.dispose();
    return rows;
  }
  const architecture = translators[family]!;
  const model = await createSequenceToSequence(engine, architecture, architecture.configure(config), source);
  for (const { source: ids, ids: target } of texts) {
    const bound = await model.encode({ ids: [ids!] });
    const cache = bound.createCache();
    rows.push(...(await feed(bound, cache, [target])));
    cache.dispose();
    bound.dispose();
  }
  model.dispose();
  return rows;
}
