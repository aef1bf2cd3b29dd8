import { combine, contrastiveLogits } from '@tokenwright/contrastive';
import { type GenerateOptions, generate, type LanguageModel } from '@tokenwright/core';
import { demoModel } from '@tokenwright/demo-model';
import { load } from '@tokenwright/loaders';
import { greedy, temperature } from '@tokenwright/samplers';
import { beamSearch, promptLookup, speculative } from '@tokenwright/strategies';
import type { Bench, Context } from '../harness/bench.ts';
import { type EngineChoice, fusedEngines, label, matching, plain } from '../models/engines.ts';
import type { Row } from '../report/row.ts';
import { pairedRatio } from '../timing/statistics.ts';

const beams = 4;
const text = 'One day, a little girl named Lily found a shiny red ball in the garden. She';

/**
 * Strategies against what they are made of, with the demo model and its amateur: beams against as many rows, speculation against
 * plain decoding, combined models against the sum of their models.
 */
export const strategiesBench: Bench = {
  name: 'strategies',
  summary: 'beams against a batch, speculation against plain decoding, combined models against the sum of their models',
  async run(context) {
    const fused = (await fusedEngines([1, 2])).filter(({ format }) => format === 'f32' || format === '8-bit');
    for (const choice of matching([plain('wasm'), ...fused], context.engine)) {
      try {
        context.print(`Strategies, demo model, ${label(choice)}`, await strategyRows(context, choice));
      } catch (error) {
        context.note(`${label(choice)} is left out: ${(error as Error).message}`);
      }
    }
  },
};

async function strategyRows(context: Context, choice: EngineChoice): Promise<Row[]> {
  const engine = await choice.start();
  try {
    const story = await load(demoModel('story'), { engine });
    const amateur = await load(demoModel('story-amateur'), { engine });
    try {
      const prompt = story.tokenizer.encode(text);
      const models = { expert: story.model, amateur: amateur.model };
      const { engine: name, format, threads } = choice;
      const facts = { engine: name, format, threads, shape: 'demo story' };
      return [
        ...(await beamRows(context, models.expert, prompt, facts)),
        ...(await speculationRows(context, models, prompt, facts)),
        ...(await combinedRows(context, models, prompt, facts)),
      ];
    } finally {
      story.dispose();
      amateur.dispose();
    }
  } finally {
    await engine.dispose();
  }
}

interface Facts {
  readonly engine: string;
  readonly format: string;
  readonly threads: number;
  readonly shape: string;
}

interface Models {
  readonly expert: LanguageModel;
  readonly amateur: LanguageModel;
}

/** A step of four beams against a step of four prompts. */
async function beamRows(
  context: Context,
  model: LanguageModel,
  prompt: readonly number[],
  facts: Facts,
): Promise<Row[]> {
  const tokens = tokensOf(context);
  const prompts = Array.from({ length: beams }, (_, row) => [...prompt.slice(row), ...prompt.slice(0, row)]);
  const turns = await context.turns([
    { run: () => stepTime(model, prompts, tokens, { samplers: [greedy()] }) },
    {
      run: () =>
        stepTime(model, [prompt], tokens, { strategy: beamSearch({ numBeams: beams, earlyStopping: 'never' }) }),
    },
  ]);
  const [batch, search] = turns.values as [number[], number[]];
  return [
    context.row({ ...facts, measure: `step, batch of ${beams}`, unit: 'ms' }, batch, turns),
    context.row(
      {
        ...facts,
        measure: `step, ${beams} beams`,
        unit: 'ms',
        ratio: pairedRatio(search, batch),
        ratioTo: 'the cost of the batch',
      },
      search,
      turns,
    ),
  ];
}

/** Drafts of the amateur and of prompt lookup against plain decoding, greedy and sampled. */
async function speculationRows(
  context: Context,
  { expert, amateur }: Models,
  prompt: readonly number[],
  facts: Facts,
): Promise<Row[]> {
  const tokens = tokensOf(context);
  const rows: Row[] = [];
  for (const [chain, samplers] of [
    ['greedy', [greedy()]],
    ['sampled at 0.8', [temperature({ temperature: 0.8 })]],
  ] as const) {
    const strategies = [
      ['amateur, 3 drafted', speculative({ draft: amateur, numAssistantTokens: 3 })],
      ['amateur, 5 drafted', speculative({ draft: amateur, numAssistantTokens: 5 })],
      ['prompt lookup, 5 drafted', speculative({ draft: promptLookup(), numAssistantTokens: 5 })],
    ] as const;
    const turns = await context.turns([
      { run: () => stepTime(expert, [prompt], tokens, { samplers }) },
      ...strategies.map(([, strategy]) => ({ run: () => stepTime(expert, [prompt], tokens, { samplers, strategy }) })),
    ]);
    const reference = turns.values[0]!;
    const rates = (times: readonly number[]): number[] => times.map((time) => 1000 / time);
    rows.push(context.row({ ...facts, measure: `plain, ${chain}`, unit: 'tok/s' }, rates(reference), turns));
    for (const [i, [name, strategy]] of strategies.entries()) {
      const times = turns.values[i + 1]!;
      const rate = await acceptanceRate(expert, prompt, tokens, { samplers, strategy });
      rows.push(
        context.row(
          {
            ...facts,
            measure: `speculative, ${chain}, ${name} (${Math.round(100 * rate)} % accepted)`,
            unit: 'tok/s',
            ratio: pairedRatio(reference, times),
            ratioTo: 'as fast as plain',
          },
          rates(times),
          turns,
        ),
      );
    }
  }
  return rows;
}

/** The combined model against the sum of the costs of its two models. */
async function combinedRows(
  context: Context,
  { expert, amateur }: Models,
  prompt: readonly number[],
  facts: Facts,
): Promise<Row[]> {
  const tokens = tokensOf(context);
  const both = combine({ expert, others: [{ model: amateur }], rule: contrastiveLogits() });
  const turns = await context.turns(
    [expert, amateur, both].map((model) => ({
      run: () => stepTime(model, [prompt], tokens, { samplers: [greedy()] }),
    })),
  );
  const [alone, other, combined] = turns.values as [number[], number[], number[]];
  const sum = alone.map((time, round) => time + other[round]!);
  return [
    context.row({ ...facts, measure: 'step, expert alone', unit: 'ms' }, alone, turns),
    context.row({ ...facts, measure: 'step, amateur alone', unit: 'ms' }, other, turns),
    context.row(
      {
        ...facts,
        measure: 'step, expert against amateur',
        unit: 'ms',
        ratio: pairedRatio(combined, sum),
        ratioTo: 'the cost of both alone',
      },
      combined,
      turns,
    ),
  ];
}

function tokensOf(context: Context): number {
  return context.quick ? 16 : 64;
}

/**
 * Milliseconds per new token, as the difference of a long call and a short one, so that the cost of the prompt cancels. Strategies
 * emit tokens at different times, so the events themselves cannot be timed.
 */
async function stepTime(
  model: LanguageModel,
  prompts: readonly (readonly number[])[],
  tokens: number,
  options: GenerateOptions,
): Promise<number> {
  const short = Math.ceil(tokens / 4);
  const times: number[] = [];
  for (const maxNewTokens of [short, short + tokens]) {
    const began = performance.now();
    await generate(model, prompts, { ...options, maxNewTokens, eosTokenIds: [], seed: 1 });
    times.push(performance.now() - began);
  }
  return (times[1]! - times[0]!) / tokens;
}

async function acceptanceRate(
  model: LanguageModel,
  prompt: readonly number[],
  tokens: number,
  options: GenerateOptions,
): Promise<number> {
  const { sequences } = await generate(model, prompt, {
    ...options,
    maxNewTokens: tokens,
    eosTokenIds: [],
    seed: 1,
  });
  const { draftedTokens = 0, acceptedTokens = 0 } = sequences[0]!.usage;
  return draftedTokens === 0 ? 0 : acceptedTokens / draftedTokens;
}
