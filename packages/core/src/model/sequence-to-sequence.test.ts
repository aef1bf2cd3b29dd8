import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { score } from '../analysis/score.ts';
import { bart } from '../architectures/bart.ts';
import { gpt2 } from '../architectures/gpt2.ts';
import { marian } from '../architectures/marian.ts';
import { t5 } from '../architectures/t5.ts';
import type { Engine } from '../engine/engine.ts';
import type { EncoderDecoderArchitecture } from '../engine/operations.ts';
import {
  CacheError,
  ContextLengthError,
  DisposedError,
  ParameterError,
  ShapeError,
  UnknownOptionError,
  UnsupportedError,
} from '../errors.ts';
import { generate, generateBatch } from '../generate/generate.ts';
import { referenceEngine } from '../reference/index.ts';
import type { Sampler } from '../sampling/sampler.ts';
import { generationCases, modelCases, recorded, seededWeights } from '../testing/index.ts';
import type { KVCache } from './kv-cache.ts';
import type { LanguageModel } from './language-model.ts';
import { createModel } from './model.ts';
import { createSequenceToSequence, type SequenceToSequence, type SourceTokens } from './sequence-to-sequence.ts';

const postNorm = {
  d_model: 24,
  encoder_layers: 2,
  decoder_layers: 2,
  encoder_attention_heads: 2,
  decoder_attention_heads: 3,
  encoder_ffn_dim: 40,
  decoder_ffn_dim: 36,
  max_position_embeddings: 96,
  scale_embedding: true,
};
const relative = { d_model: 24, d_kv: 10, num_heads: 3, d_ff: 40, num_layers: 1, num_decoder_layers: 2 };
const families: readonly [string, EncoderDecoderArchitecture<unknown, unknown>, Readonly<Record<string, unknown>>][] = [
  ['bart', bart as EncoderDecoderArchitecture, { ...postNorm, vocab_size: 61 }],
  ['marian', marian as EncoderDecoderArchitecture, { ...postNorm, vocab_size: 67 }],
  [
    'marian with two vocabularies',
    marian as EncoderDecoderArchitecture,
    { ...postNorm, vocab_size: 71, decoder_vocab_size: 53, share_encoder_decoder_embeddings: false },
  ],
  ['t5', t5 as EncoderDecoderArchitecture, { ...relative, vocab_size: 59, n_positions: 96 }],
  [
    't5 1.1',
    t5 as EncoderDecoderArchitecture,
    { ...relative, vocab_size: 59, n_positions: 96, feed_forward_proj: 'gated-gelu', tie_word_embeddings: false },
  ],
];
const sources = [
  [5, 17, 42, 8, 2],
  [50, 3, 31, 22, 9, 33, 2],
  [14, 2],
];

let engine: Engine;
beforeAll(async () => {
  engine = await referenceEngine({ backend: 'cpu' });
});
afterAll(() => engine.dispose());

function build(
  architecture: EncoderDecoderArchitecture<unknown, unknown>,
  json: Readonly<Record<string, unknown>>,
): Promise<SequenceToSequence> {
  const config = architecture.configure(json);
  return createSequenceToSequence(engine, architecture, config, seededWeights(architecture, config), {
    defaults: { decoderStartTokenIds: [2], eosTokenIds: [] },
  });
}

describe.each(families)('%s', (name, architecture, json) => {
  let whole: SequenceToSequence;
  let idle: { tensors: number; memory: ReturnType<Engine['memory']> };
  const state = (): typeof idle => ({ tensors: tf.memory().numTensors, memory: engine.memory() });
  beforeAll(async () => {
    whole = await build(architecture, json);
    // The first pass leaves the transposed head on the engine.
    await using(await whole.encode({ ids: [2] }), (model) => logitsOf(model, [[2]]));
    idle = state();
  });
  afterEach(() => expect(state()).toEqual(idle));
  afterAll(() => whole.dispose());

  describe('keeps the contracts of language models, bound to a source', () => {
    let bound: LanguageModel;
    beforeEach(async () => {
      bound = await whole.encode({ ids: sources[1]! });
    });
    afterEach(() => bound.dispose());
    const nobody = { vocabSize: 8, contextLength: 8 } as LanguageModel;
    const contracts = (model: LanguageModel) => [
      ...modelCases(model, { kinds: ['static', 'dynamic'], memory: () => engine.memory() }),
      ...generationCases(model, { memory: () => engine.memory(), longRun: 60 }),
    ];
    for (const [i, contract] of contracts(nobody).entries())
      it(contract.name, () => contracts(bound)[i]!.run(), 30_000);
  });

  it('gives each source of a ragged batch the same result as alone, in any order of rows', async () => {
    await using(await whole.encode({ ids: sources }), async (model) => {
      expect(model.sources).toEqual(sources);
      const cache = model.createCache();
      expect(cache.rows).toBe(3);
      const prompts = [[2, 7, 9], [2], [2, 30]];
      const together = await logitsOf(model, prompts, cache);
      cache.gather([2, 0, 0, 1]);
      const gathered = await logitsOf(model, [[4], [5], [6], [7]], cache);
      cache.dispose();
      for (const [i, ids] of sources.entries())
        await using(await whole.encode({ ids }), async (alone) => {
          expectClose(together[i]!, (await logitsOf(alone, [prompts[i]!]))[0]!);
          for (const [row, from] of [2, 0, 0, 1].entries())
            if (from === i) expectClose(gathered[row]!, (await logitsOf(alone, [[...prompts[i]!, 4 + row]]))[0]!);
        });
    });
  });

  it('leaves out masked tokens and keeps the positions of the others', async () => {
    const gap = { ids: [5, 60, 17, 42, 60, 8, 60], mask: [1, 0, 1, 1, 0, 1, 0] };
    const others = { ids: gap.ids.map((id) => (id === 60 ? 3 : id)), mask: gap.mask };
    const vocabulary = { ...gap, ids: gap.ids.map((id) => Math.min(id, whole.vocabSize - 1)) };
    const [a, b, closed, padded] = await Promise.all([
      first(vocabulary),
      first(others),
      first({ ids: [5, 17, 42, 8] }),
      first({ ids: [5, 17, 42, 8, 1, 1], mask: [1, 1, 1, 1, 0, 0] }),
    ]);
    expect(b).toEqual(a);
    expect(padded).toEqual(closed);
    // A gap shifts the positions after it.
    expect(Math.max(...a.map((value, i) => Math.abs(value - closed[i]!)))).toBeGreaterThan(1e-3);
    const left = await first({ ids: [1, 1, 5, 17, 42, 8], mask: [0, 0, 1, 1, 1, 1] });
    const shift = Math.max(...left.map((value, i) => Math.abs(value - closed[i]!)));
    if (name.startsWith('t5')) expect(shift).toBeLessThan(1e-5);
    else expect(shift).toBeGreaterThan(1e-3);

    async function first(source: SourceTokens): Promise<Float32Array> {
      let logits = new Float32Array(0);
      await using(await whole.encode(source), async (model) => {
        logits = Float32Array.from((await logitsOf(model, [[2, 4]]))[0]!);
      });
      return logits;
    }
  });

  it('accepts sources that were encoded earlier', async () => {
    const encoded = await whole.encoderOutput({
      ids: sources,
      mask: sources.map((row) => row.map((_, i) => (i === 1 ? 0 : 1))),
    });
    expect(encoded.map(({ length }) => length / whole.width)).toEqual([4, 6, 1]);
    const full = await whole.encoderOutput({ ids: sources[0]! });
    await using(await whole.encode({ ids: sources[0]! }), async (model) => {
      const expected = await logitsOf(model, [[2, 4]]);
      await using(await whole.encode({ encoderOutput: full, ids: sources[0]! }), async (given) => {
        expect(given.sources).toEqual([sources[0]!]);
        expectClose((await logitsOf(given, [[2, 4]]))[0]!, expected[0]!);
      });
      const padded = new Float32Array(full[0]!.length + whole.width).fill(9);
      padded.set(full[0]!);
      await using(await whole.encode({ encoderOutput: padded, mask: [1, 1, 1, 1, 1, 0] }), async (given) => {
        expect(given.sources).toEqual([[]]);
        expectClose((await logitsOf(given, [[2, 4]]))[0]!, expected[0]!);
      });
    });
  });

  it('stores a source once, however many rows and caches read it', async () => {
    const { layers, kvHeads, headDim } = architecture.dimensions(architecture.configure(json));
    await using(await whole.encode({ ids: sources[1]! }), async (model) => {
      const sourceBytes = sources[1]!.length * 2 * layers * kvHeads * headDim * 4;
      expect(engine.memory().bytes - idle.memory.bytes).toBe(sourceBytes);
      const caches = [model.createCache({ rows: 2 }), model.createCache({ rows: 5 })];
      for (const cache of caches) {
        await logitsOf(
          model,
          Array.from({ length: cache.rows }, () => [2]),
          cache,
        );
        cache.gather([0, 1, 0, 1, 0, 1, 0, 1]);
        caches.push(cache.fork());
        if (caches.length > 3) break;
      }
      for (const cache of caches) cache.dispose();
      expect(engine.memory().bytes - idle.memory.bytes).toBe(sourceBytes);
    });
  });

  it('starts with the start tokens, for one or several outputs per source, and shows samplers a source of the same vocabulary', async () => {
    const seen = new Set<string>();
    const watching: Sampler = {
      name: 'watching',
      onHost(_, { source, promptLength, history }) {
        seen.add(source === undefined ? 'nothing' : Array.from(source).join());
        expect([promptLength, history.at(0)]).toEqual([1, 2]);
      },
    };
    await using(await whole.encode({ ids: sources }), async (model) => {
      const options = { maxNewTokens: 5, numReturnSequences: 2, seed: 3, samplers: [watching] };
      const { ids } = await generateBatch(model, [[], [], []], options);
      expect(ids).toHaveLength(6);
      const shown = whole.separateVocabularies ? ['nothing'] : sources.map((row) => row.join()).sort();
      expect([...seen].sort()).toEqual(shown);
    });
  });

  it('interleaves two bound models, each with the same result as alone', async () => {
    const options = { maxNewTokens: 6, seed: 5 };
    const alone: (readonly number[])[] = [];
    for (const ids of sources.slice(0, 2))
      await using(await whole.encode({ ids }), async (model) => {
        alone.push((await generate(model, [], options)).ids[0]!);
      });
    const models = await Promise.all(sources.slice(0, 2).map((ids) => whole.encode({ ids })));
    const both = await Promise.all(models.map((model) => generate(model, [], options)));
    expect(both.map(({ ids }) => ids[0])).toEqual(alone);
    models[0]!.dispose();
    expect(() => models[0]!.createCache()).toThrow(DisposedError);
    expect((await generate(models[1]!, [], options)).ids[0]).toEqual(alone[1]);
    models[1]!.dispose();
  });

  it('encodes sources that do not fit one frame in several', async () => {
    const many = Array.from({ length: 30 }, (_, i) => Array.from({ length: 90 }, (_, at) => (i * 7 + at * 3) % 50));
    await using(await whole.encode({ ids: many }), async (model) => {
      const all = await logitsOf(
        model,
        many.map(() => [2]),
      );
      for (const i of [0, 22, 23, 29])
        await using(await whole.encode({ ids: many[i]! }), async (alone) =>
          expectClose(all[i]!, (await logitsOf(alone, [[2]]))[0]!),
        );
    });
  });

  it('restores a cache with the sources of its rows, for the same sources only', async () => {
    await using(await whole.encode({ ids: sources }), async (model) => {
      const cache = model.createCache();
      await logitsOf(model, [[2, 3], [2], [2, 4]], cache);
      cache.gather([1, 2, 0]);
      const bytes = await cache.serialize();
      const expected = await logitsOf(model, [[8], [9], [10]], cache);
      const restored = model.restoreCache(bytes);
      expect(await logitsOf(model, [[8], [9], [10]], restored)).toEqual(expected);
      cache.dispose();
      restored.dispose();
      await using(await whole.encode({ ids: [...sources].reverse() }), async (other) => {
        expect(() => other.restoreCache(bytes)).toThrow(CacheError);
      });
    });
  });

  it('records operations that do not depend on the frame', async () => {
    const taped = await build({ ...architecture, ...recorded(architecture) } as typeof architecture, json);
    await using(await taped.encode({ ids: sources }), async (model) => {
      await using(await whole.encode({ ids: sources }), async (plain) => {
        const [a, b] = [model.createCache(), plain.createCache()];
        for (const step of [
          [[2, 3], [2], [2]],
          [[4], [5, 6, 7], [8]],
        ])
          expect(await logitsOf(model, step, a)).toEqual(await logitsOf(plain, step, b));
        a.dispose();
        b.dispose();
      });
    });
    taped.dispose();
  });

  it('refuses invalid sources, and allocates nothing', async () => {
    const refused = async (source: unknown): Promise<unknown> => {
      try {
        (await whole.encode(source as { ids: number[] })).dispose();
      } catch (error) {
        return (error as Error).constructor;
      }
      return undefined;
    };
    const output = new Float32Array(2 * whole.width);
    expect(await refused({})).toBe(ParameterError);
    expect(await refused({ ids: [] })).toBe(ParameterError);
    expect(await refused({ ids: [[1], []] })).toBe(ParameterError);
    expect(await refused({ ids: [1, 2], mask: [0, 0] })).toBe(ParameterError);
    expect(await refused({ ids: [1, whole.sourceVocabSize] })).toBe(ParameterError);
    expect(await refused({ ids: [1, 2.5] })).toBe(ParameterError);
    expect(await refused({ ids: [1, 2], mask: [1, 0.5] })).toBe(ParameterError);
    expect(await refused({ ids: [1, 2], mask: [1] })).toBe(ShapeError);
    expect(await refused({ ids: [[1, 2], [3]], mask: [[1, 1]] })).toBe(ShapeError);
    expect(await refused({ ids: new Int32Array(3000) })).toBe(ContextLengthError);
    expect(await refused({ ids: [1], masks: [1] })).toBe(UnknownOptionError);
    expect(await refused({ encoderOutput: output.subarray(1) })).toBe(ShapeError);
    expect(await refused({ encoderOutput: [] })).toBe(ParameterError);
    expect(await refused({ encoderOutput: new Float32Array(0) })).toBe(ParameterError);
    expect(await refused({ encoderOutput: output, ids: [1] })).toBe(ShapeError);
    expect(await refused({ encoderOutput: [output, output], ids: [1, 2] })).toBe(ShapeError);
    expect(await refused({ encoderOutput: output, ids: [1, -1] })).toBe(ParameterError);
    expect(await refused({ encoderOutput: output, mask: [1, 1, 1] })).toBe(ShapeError);
    await using(await whole.encode({ ids: sources }), async (model) => {
      expect(() => model.createCache({ rows: 2 })).toThrow(ShapeError);
    });
  });
});

describe('an encoder-decoder model with two vocabularies', () => {
  const json = { ...postNorm, vocab_size: 71, decoder_vocab_size: 53, share_encoder_decoder_embeddings: false };

  it('checks the ids of each side against its own vocabulary', async () => {
    await using(await build(marian as EncoderDecoderArchitecture, json), async (whole) => {
      expect(whole).toMatchObject({ vocabSize: 53, sourceVocabSize: 71, separateVocabularies: true });
      await expect(whole.encode({ ids: [3, 71] })).rejects.toThrow(
        'encode: ids[0][1] must be an id of the source vocabulary, from 0 to 70, but 71 was given.',
      );
      await using(await whole.encode({ ids: [3, 70] }), async (model) => {
        await expect(generate(model, [53], { maxNewTokens: 1 })).rejects.toThrow(/from 0 to 52, but 53/);
      });
    });
  });

  it('reads the table of its own side: each changes the results, and the head is that of the outputs', async () => {
    const config = marian.configure(json);
    const weights = seededWeights(marian, config);
    const changed = (name: string): typeof weights => ({
      ...weights,
      read: async (asked) => {
        const values = await weights.read(asked);
        return asked === name ? values.map((value) => value * 1.5) : values;
      },
    });
    const run = async (source: typeof weights): Promise<[states: number, logits: number]> => {
      const whole = await createSequenceToSequence(engine, marian, config, source);
      const [states] = await whole.encoderOutput({ ids: [3, 70] });
      const logits: number[] = [];
      await using(await whole.encode({ ids: [3, 70] }), async (model) => {
        for (const row of await logitsOf(model, [[2, 52]])) logits.push(...row);
      });
      whole.dispose();
      return [states!.reduce((sum, x) => sum + Math.abs(x), 0), logits.reduce((sum, x) => sum + Math.abs(x), 0)];
    };
    const plain = await run(weights);
    const source = await run(changed('encoder.embed_tokens.weight'));
    const target = await run(changed('decoder.embed_tokens.weight'));
    expect(source[0]).not.toBeCloseTo(plain[0], 3);
    expect(source[1]).not.toBeCloseTo(plain[1], 3);
    expect(target[0]).toBe(plain[0]);
    expect(target[1]).toBeGreaterThan(1.2 * plain[1]);
  });

  it('refuses samplers that read the source as ids of the output', async () => {
    const reading: Sampler = { name: 'reading', traits: { readsSource: true }, onHost() {} };
    await using(await build(marian as EncoderDecoderArchitecture, json), async (whole) => {
      await using(await whole.encode({ ids: [3] }), async (model) => {
        const refused =
          /The model 'marian' does not support the sampler 'reading', which reads the source\. Its source and/;
        await expect(generate(model, [], { samplers: [reading] })).rejects.toThrow(UnsupportedError);
        await expect(generate(model, [], { samplers: [reading] })).rejects.toThrow(refused);
        await expect(score(model, [2, 3], { samplers: [reading] })).rejects.toThrow(refused);
      });
    });
    await using(await build(marian as EncoderDecoderArchitecture, { ...postNorm, vocab_size: 71 }), async (whole) => {
      await using(await whole.encode({ ids: [3] }), async (model) => {
        expect((await generate(model, [], { samplers: [reading], maxNewTokens: 2 })).ids[0]).toHaveLength(2);
        expect((await score(model, [2, 3], { samplers: [reading] })).tokens).toHaveLength(1);
      });
    });
  });
});

describe('createSequenceToSequence', () => {
  const config = bart.configure({ ...postNorm, vocab_size: 61 });
  const weights = seededWeights(bart, config);

  it('disposes what it created, in any order, and leaves nothing allocated', async () => {
    const before = engine.memory();
    const whole = await createSequenceToSequence(engine, bart, config, weights);
    const [one, other] = [await whole.encode({ ids: [1] }), await whole.encode({ ids: [1, 2] })];
    one.dispose();
    whole.dispose();
    whole.dispose();
    other.dispose();
    expect(engine.memory()).toEqual(before);
    expect(() => other.createCache()).toThrow(DisposedError);
    await expect(whole.encode({ ids: [1] })).rejects.toThrow(DisposedError);
    await expect(whole.encoderOutput({ ids: [1] })).rejects.toThrow(DisposedError);
  });

  it('accepts the options of createModel', async () => {
    const whole = await createSequenceToSequence(engine, bart, config, weights, { name: 'mine', contextLength: 7 });
    expect(whole).toMatchObject({ name: 'mine', contextLength: 7, sourceLength: 96, vocabSize: 61, width: 24 });
    whole.dispose();
    const wrong = { contextlength: 7 } as object;
    await expect(createSequenceToSequence(engine, bart, config, weights, wrong)).rejects.toThrow(/contextLength/);
  });

  it('and createModel each name the other for the wrong kind of model', async () => {
    await expect(createModel(engine, bart, config, weights)).rejects.toThrow(
      /createModel: architecture must be a decoder-only model \(createSequenceToSequence .* 'bart' was given/,
    );
    const decoderOnly = gpt2 as unknown as EncoderDecoderArchitecture<unknown, unknown>;
    await expect(createSequenceToSequence(engine, decoderOnly, {}, weights)).rejects.toThrow(
      /one with an encoder \(createModel .* 'gpt2' was given/,
    );
  });

  it('reports an engine without encoders, and leaves nothing allocated', async () => {
    const before = engine.memory();
    const without: Engine = {
      name: 'half an engine',
      tensorBackend: 'cpu',
      readbackIsExpensive: false,
      memory: () => engine.memory(),
      dispose: () => engine.dispose(),
      [Symbol.asyncDispose]: () => engine.dispose(),
      async prepare(...given) {
        const executable = await engine.prepare(...given);
        return new Proxy(executable, {
          get: (target, key) => {
            if (key === 'encode') return undefined;
            const value = Reflect.get(target, key, target) as unknown;
            return typeof value === 'function' ? value.bind(target) : value;
          },
        });
      },
    };
    await expect(createSequenceToSequence(without, bart, config, weights)).rejects.toThrow(UnsupportedError);
    expect(engine.memory()).toEqual(before);
  });
});

/** The logits after each row's tokens, in a cache that is given or of its own. */
async function logitsOf(
  model: LanguageModel,
  tokens: readonly (readonly number[])[],
  given?: KVCache,
): Promise<Float32Array[]> {
  const cache = given ?? model.createCache({ rows: tokens.length });
  const result = model.forward(tokens, cache);
  try {
    const all = await result.logits.read();
    return tokens.map((_, row) => all.slice(row * model.vocabSize, (row + 1) * model.vocabSize));
  } finally {
    result.dispose();
    if (given === undefined) cache.dispose();
  }
}

async function using<Model extends LanguageModel | SequenceToSequence>(
  model: Model,
  work: (model: Model) => Promise<unknown>,
): Promise<void> {
  try {
    await work(model);
  } finally {
    model.dispose();
  }
}

function expectClose(received: Float32Array, expected: Float32Array): void {
  expect(received.length).toBe(expected.length);
  expect(Math.max(...received.map((value, i) => Math.abs(value - expected[i]!)))).toBeLessThan(1e-5);
}
