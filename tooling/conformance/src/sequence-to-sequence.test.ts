import { existsSync, readFileSync } from 'node:fs';
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import {
  type Engine,
  type GenerateOptions,
  generate,
  generateBatch,
  type LanguageModel,
  type Sampler,
  type SequenceToSequence,
} from '@tokenwright/core';
import { referenceEngine } from '@tokenwright/core/reference';
import { logProbabilities } from '@tokenwright/core/sampling';
import { demoModel } from '@tokenwright/demo-model';
import {
  folder,
  type LoadedBareSequenceToSequence,
  type LoadedSequenceToSequence,
  loadSequenceToSequence,
  loadSequenceToSequenceModel,
} from '@tokenwright/loaders';
import {
  badWords,
  encoderNoRepeatNgram,
  encoderRepetitionPenalty,
  forcedBosToken,
  forcedEosToken,
  greedy,
  noRepeatNgram,
  repetitionPenalty,
  temperature,
} from '@tokenwright/samplers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const goldens = new URL('../../../../shared/goldens/generate/', import.meta.url);
const absent = !existsSync(goldens);
if (absent) process.stderr.write('\n*** SKIPPED: golden outputs of T5, BART and Marian, no ../shared/goldens.\n\n');

interface Case {
  readonly id: string;
  readonly kind: string;
  readonly input_ids: number[][];
  readonly attention_mask?: number[][];
  readonly decoder_input_ids?: number[][];
  readonly labels?: number[][];
  readonly params?: Readonly<Record<string, unknown>>;
  readonly logits?: number[][][];
  readonly logits_float64?: number[][][];
  readonly encoder_last_hidden_state?: number[][][];
  readonly decoder_hidden_states?: number[][][][];
  readonly loss?: number;
  readonly token_logprobs?: number[][];
  readonly sequences?: number[][];
}

const engines = new Map<string, Engine>();
beforeAll(async () => {
  for (const backend of ['cpu', 'wasm']) engines.set(backend, await referenceEngine({ backend }));
});
afterAll(async () => {
  for (const engine of engines.values()) await engine.dispose();
});

const families = ['t5-tiny', 't5-tiny-gated-untied', 'bart-tiny', 'marian-tiny'];
const settings = ['cpu', 'wasm'].flatMap((backend) => families.map((family) => [family, backend] as const));

describe.skipIf(absent).each(settings)("%s on %s gives Hugging Face's", (family, backend) => {
  let loaded: LoadedBareSequenceToSequence;
  let model: SequenceToSequence;
  const tolerance = absent ? 0 : toleranceOf(family);
  beforeAll(async () => {
    loaded = await loadSequenceToSequenceModel(folder(new URL(family, goldens)), { engine: engines.get(backend)! });
    model = loaded.sequenceToSequence;
  });
  afterAll(() => loaded.dispose());

  for (const golden of absent ? [] : casesOf(family, 'forward'))
    it(`states and logits: ${golden.id}`, async () => {
      const encoded = await model.encoderOutput(sourceOf(golden));
      if (golden.encoder_last_hidden_state !== undefined)
        expectClose(encoded[0]!, golden.encoder_last_hidden_state[0]!.flat(), tolerance);
      for (const source of [sourceOf(golden), { encoderOutput: encoded }])
        await using(await model.encode(source), async (bound) => {
          const cache = bound.createCache();
          const inputs = golden.decoder_input_ids!;
          const layers = Array.from({ length: bound.layers + 1 }, (_, layer) => layer);
          const result = bound.forward(inputs, cache, { scored: inputs[0]!.length, hidden: true, earlyExits: layers });
          expectClose(await result.logits.read(), golden.logits!.flat(2), tolerance);
          expectClose(await result.earlyExits!.get(bound.layers)!.read(), golden.logits!.flat(2), tolerance);
          const states = golden.decoder_hidden_states?.at(-1);
          if (states !== undefined) {
            const expected = states.flat(2);
            expectClose(await result.hidden!.read(), expected, tolerance * Math.max(1, ...expected.map(Math.abs)));
          }
          result.dispose();
          cache.dispose();
        });
    });

  for (const golden of absent ? [] : casesOf(family, 'score'))
    it(`log-probabilities: ${golden.id}`, async () => {
      await using(await model.encode(sourceOf(golden)), async (bound) => {
        const labels = golden.labels!.map((row) => row.filter((id) => id !== -100));
        const cache = bound.createCache();
        const fed = labels.map((row) => [bound.defaults.decoderStartTokenIds![0]!, ...row.slice(0, -1)]);
        const result = bound.forward(fed, cache, { scored: Math.max(...fed.map(({ length }) => length)) });
        const logits = await result.logits.read();
        const chosen = labels
          .flat()
          .map((id, i) => logProbabilities(logits.subarray(i * model.vocabSize, (i + 1) * model.vocabSize))[id]!);
        result.dispose();
        cache.dispose();
        expect(chosen.reduce((sum, value) => sum - value, 0) / chosen.length).toBeCloseTo(golden.loss!, 3);
        if (golden.token_logprobs !== undefined) expectClose(chosen, golden.token_logprobs.flat(), tolerance);
      });
    });

  for (const golden of absent ? [] : casesOf(family, 'greedy'))
    it(`greedy choices: ${golden.id}`, async () => {
      await using(await model.encode(sourceOf(golden)), async (bound) => {
        const prompts = (golden.params!.decoder_input_ids as number[][]) ?? golden.input_ids.map(() => []);
        const options = optionsOf({ ...golden.params, ...forcedOf(bound) });
        const { ids } = await collect(bound, prompts, options);
        expect(ids).toEqual(golden.sequences!.map((row) => untilEnd(row, bound)));
      });
    });
});

describe.each(['cpu', 'wasm'])('the translator on %s', (backend) => {
  const expected = JSON.parse(
    readFileSync(new URL('../../../packages/demo-model/models/translate/expected.json', import.meta.url), 'utf8'),
  ) as { cases: { source: string; source_ids: number[]; beams_1: { ids: number[]; text: string } }[] };
  let loaded: LoadedSequenceToSequence;
  let idle: { tensors: number; memory: ReturnType<Engine['memory']> };
  const state = (): typeof idle => ({ tensors: tf.memory().numTensors, memory: engines.get(backend)!.memory() });

  beforeAll(async () => {
    loaded = await loadSequenceToSequence(demoModel('translate'), { engine: engines.get(backend)! });
    // The first pass allocates the transposed head, which stays on the engine.
    const model = await loaded.sequenceToSequence.encode({ ids: [0, 2] });
    await generateBatch(model, [[]], { samplers: [], maxNewTokens: 1 });
    model.dispose();
    idle = state();
  });
  afterAll(() => {
    loaded.dispose();
    expect(engines.get(backend)!.memory()).toEqual({ bytes: 0, buffers: 0 });
  });

  it('translates every sentence as Hugging Face does', async () => {
    const { sequenceToSequence, tokenizer } = loaded;
    for (const { source, source_ids, beams_1 } of expected.cases) {
      expect(tokenizer.encode(source)).toEqual(source_ids);
      await using(await sequenceToSequence.encode({ ids: source_ids }), async (model) => {
        const { ids } = await collect(model, [[]], { samplers: [greedy()] });
        expect(ids[0]).toEqual(beams_1.ids);
        expect(tokenizer.decode(ids[0]!).trim()).toBe(beams_1.text);
      });
    }
    expect(state()).toEqual(idle);
  });

  it('translates all sentences in one batch', async () => {
    const ids = expected.cases.map(({ source_ids }) => source_ids);
    await using(await loaded.sequenceToSequence.encode({ ids }), async (model) => {
      const prompts = ids.map(() => []);
      const { ids: all } = await collect(model, prompts, { samplers: [greedy()] });
      expect(all).toEqual(expected.cases.map(({ beams_1 }) => beams_1.ids));
      // A temperature near 0 samples the most probable token of each sequence.
      const options = { samplers: [temperature({ temperature: 1e-4 })], numReturnSequences: 2 };
      const { ids: twice } = await collect(model, prompts, options);
      expect(twice).toEqual(expected.cases.flatMap(({ beams_1 }) => [beams_1.ids, beams_1.ids]));
    });
    expect(state()).toEqual(idle);
  });

  it('keeps nothing after an early end, an abort or a sampler that throws', async () => {
    const ids = expected.cases.slice(0, 2).map(({ source_ids }) => source_ids);
    const failing: Sampler = {
      name: 'failing',
      onHost(_, { position }) {
        if (position === 3) throw new Error('on purpose');
      },
    };
    const abort = new AbortController();
    await using(await loaded.sequenceToSequence.encode({ ids }), async (model) => {
      for await (const event of generate(model, [[], []], { samplers: [] })) if (event.type === 'token') break;
      for await (const event of generate(model, [[], []], { samplers: [], signal: abort.signal }))
        if (event.type === 'token') abort.abort();
      await expect(generateBatch(model, [[], []], { samplers: [failing] })).rejects.toThrow('on purpose');
    });
    await expect(loaded.sequenceToSequence.encode({ ids: [[5], [100_000]] })).rejects.toThrow();
    expect(state()).toEqual(idle);
  });
});

function casesOf(family: string, kind: string): Case[] {
  const { cases } = JSON.parse(readFileSync(new URL(`${family}/cases.json`, goldens), 'utf8')) as { cases: Case[] };
  return cases.filter((golden) => golden.kind === kind);
}

/**
 * 1e-4 plus the float32 rounding of Hugging Face: its own logits differ by up to 2e-4 from those in float64, because attention in
 * these models is close to a choice of one token.
 */
function toleranceOf(family: string): number {
  const lost = casesOf(family, 'forward').flatMap(({ logits, logits_float64: exact }) => {
    const received = logits!.flat(2);
    return exact?.flat(2).map((value, i) => Math.abs(value - received[i]!)) ?? [];
  });
  return 1e-4 + Math.max(...lost);
}

function sourceOf({ input_ids: ids, attention_mask: mask }: Case): { ids: number[][]; mask?: number[][] } {
  return mask === undefined ? { ids } : { ids, mask };
}

function forcedOf({ defaults: { forcedBosTokenId, forcedEosTokenId } }: LanguageModel): Record<string, number> {
  return {
    ...(forcedBosTokenId === undefined ? {} : { forced_bos_token_id: forcedBosTokenId }),
    ...(forcedEosTokenId === undefined ? {} : { forced_eos_token_id: forcedEosTokenId }),
  };
}

/** Hugging Face's arguments as options of `generate`. */
function optionsOf(params: Readonly<Record<string, unknown>>): GenerateOptions {
  const samplers: Sampler[] = [];
  const options: { -readonly [K in keyof GenerateOptions]: GenerateOptions[K] } = {};
  for (const [name, value] of Object.entries(params)) {
    if (name === 'max_new_tokens') options.maxNewTokens = value as number;
    else if (name === 'min_length') options.minLength = value as number;
    else if (name === 'use_cache') options.cache = 'none';
    else if (name in stages) samplers.push(stages[name]!(value as number));
    else if (!['do_sample', 'decoder_input_ids'].includes(name)) throw new Error(`what is ${name}?`);
  }
  return { ...options, samplers: [...samplers, greedy()] };
}

const stages: Readonly<Record<string, (value: number) => Sampler>> = {
  repetition_penalty: (penalty) => repetitionPenalty({ penalty }),
  encoder_repetition_penalty: (penalty) => encoderRepetitionPenalty({ penalty }),
  no_repeat_ngram_size: (size) => noRepeatNgram({ size }),
  encoder_no_repeat_ngram_size: (size) => encoderNoRepeatNgram({ size }),
  bad_words_ids: (words) => badWords({ words: words as unknown as number[][] }),
  forced_bos_token_id: (token) => forcedBosToken({ token }),
  forced_eos_token_id: (token) => forcedEosToken({ eosTokenIds: [token] }),
};

/** Whole sequences in the order of rows and sequences, with what they start from. */
async function collect(
  model: LanguageModel,
  prompts: readonly (readonly number[])[],
  options: GenerateOptions,
): Promise<{ ids: number[][] }> {
  const ids: { row: number; sequence: number; ids: number[] }[] = [];
  for await (const event of generate(model, prompts, options))
    if (event.type === 'end') {
      const prompt =
        prompts[event.promptIndex]!.length > 0 ? prompts[event.promptIndex]! : model.defaults.decoderStartTokenIds!;
      ids.push({ row: event.promptIndex, sequence: event.sequence, ids: [...prompt, ...event.ids] });
    }
  ids.sort((a, b) => a.row - b.row || a.sequence - b.sequence);
  return { ids: ids.map((entry) => entry.ids) };
}

/** Without the padding after the end token. */
function untilEnd(sequence: readonly number[], { defaults }: LanguageModel): readonly number[] {
  const end = sequence.findIndex((id, i) => i > 0 && defaults.eosTokenIds!.includes(id));
  return end < 0 ? sequence : sequence.slice(0, end + 1);
}

async function using(model: LanguageModel, work: (model: LanguageModel) => Promise<void>): Promise<void> {
  try {
    await work(model);
  } finally {
    model.dispose();
  }
}

function expectClose(received: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  expect(received.length).toBe(expected.length);
  let worst = 0;
  for (let i = 0; i < expected.length; i++) worst = Math.max(worst, Math.abs(received[i]! - expected[i]!));
  expect(worst).toBeLessThanOrEqual(tolerance);
}
